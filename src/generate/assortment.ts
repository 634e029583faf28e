/** What the sample shop sells: categories with their demand, margins, price levels, brands and kinds of product. */

/** A group of products of one price level. */
interface SubCategory {
  readonly name: string;
  /** The median price in whole units of currency; half of the products cost between about 0.7 and 1.4 times as much. */
  readonly medianPrice: number;
  readonly kinds: readonly string[];
}

/** A category. */
export interface Category {
  readonly name: string;
  /** Its weight among products. */
  readonly range: number;
  /** Its weight among the items sold. */
  readonly demand: number;
  /** January to December, relative to the category's own mean. */
  readonly season: readonly number[];
  /** The usual share of the price that is cost. */
  readonly costShare: number;
  readonly brands: readonly string[];
  /** What tells products of one brand and kind apart. */
  readonly lines: readonly string[];
  readonly subCategories: readonly SubCategory[];
}

const evenly = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
const towardsGifts = [0.9, 0.9, 0.9, 0.9, 0.95, 0.95, 0.9, 0.95, 0.95, 1, 1.2, 1.35];
const towardsSummer = [0.6, 0.7, 1, 1.3, 1.5, 1.4, 1.3, 1.15, 0.95, 0.75, 0.55, 0.5];

/** The categories, the largest range first. */
export const categories: readonly Category[] = [
  {
    name: 'Home & Kitchen',
    range: 15,
    demand: 16,
    season: towardsGifts,
    costShare: 0.56,
    brands: ['Kettlebrook', 'Ostrava Home', 'Hearthmoor', 'Plainware', 'Tablewright', 'Nordlund'],
    lines: ['Basalt', 'Everyday', 'Heritage', 'Loft', 'Meadow', 'Professional', 'Sand', 'Terra', 'Slate', 'Compact'],
    subCategories: [
      {
        name: 'Cookware',
        medianPrice: 36,
        kinds: ['Frying Pan 28 cm', 'Saucepan 20 cm', 'Casserole 4 l', 'Wok 32 cm', 'Roasting Tin'],
      },
      {
        name: 'Tableware',
        medianPrice: 22,
        kinds: ['Dinner Plates, Set of 4', 'Bowls, Set of 4', 'Mugs, Set of 6', 'Wine Glasses, Set of 6', 'Carafe 1 l'],
      },
      {
        name: 'Small Appliances',
        medianPrice: 58,
        kinds: ['Kettle', 'Toaster', 'Hand Blender', 'Coffee Grinder', 'Food Processor'],
      },
      {
        name: 'Bedding',
        medianPrice: 39,
        kinds: ['Duvet Cover', 'Fitted Sheet', 'Pillow', 'Wool Blanket', 'Bedspread'],
      },
      {
        name: 'Storage',
        medianPrice: 17,
        kinds: ['Storage Box 30 l', 'Food Containers, Set of 5', 'Laundry Basket', 'Coat Hooks', 'Spice Rack'],
      },
    ],
  },
  {
    name: 'Fashion',
    range: 15,
    demand: 15,
    season: [0.9, 0.85, 1.05, 1.05, 1.05, 1, 0.95, 0.95, 1.1, 1.05, 1, 1.05],
    costShare: 0.48,
    brands: ['Wrenfield', 'Osterley & Moss', 'Tidewater', 'Calluna', 'Marlowe Row', 'Brightseam'],
    lines: ['Classic', 'Cotton', 'Linen', 'Merino', 'Organic', 'Recycled', 'Relaxed', 'Slim', 'Striped', 'Weekend'],
    subCategories: [
      { name: 'Tops', medianPrice: 21, kinds: ['T-Shirt', 'Long-Sleeved Top', 'Polo Shirt', 'Shirt', 'Blouse'] },
      { name: 'Knitwear', medianPrice: 44, kinds: ['Jumper', 'Cardigan', 'Roll-Neck', 'Slipover'] },
      { name: 'Trousers', medianPrice: 46, kinds: ['Jeans', 'Chinos', 'Joggers', 'Shorts'] },
      { name: 'Shoes', medianPrice: 64, kinds: ['Trainers', 'Ankle Boots', 'Loafers', 'Sandals'] },
      {
        name: 'Accessories',
        medianPrice: 19,
        kinds: ['Scarf', 'Beanie', 'Belt', 'Socks, 3 Pairs', 'Gloves', 'Tote Bag'],
      },
    ],
  },
  {
    name: 'Electronics',
    range: 12,
    demand: 9,
    season: [0.9, 0.85, 0.9, 0.85, 0.85, 0.9, 0.9, 1, 1, 1, 1.4, 1.35],
    costShare: 0.68,
    brands: ['Voltane', 'Audire', 'Kestrel Labs', 'Lumetric', 'Pixelgrove', 'Northwave Audio'],
    lines: ['Air', 'Arc', 'Core', 'Duo', 'Go', 'Max', 'Mini', 'One', 'Pro', 'Studio'],
    subCategories: [
      {
        name: 'Audio',
        medianPrice: 72,
        kinds: ['Wireless Headphones', 'Earbuds', 'Bluetooth Speaker', 'Soundbar', 'Digital Radio'],
      },
      {
        name: 'Computer Accessories',
        medianPrice: 38,
        kinds: ['Keyboard', 'Wireless Mouse', 'Webcam', 'USB-C Hub', 'Laptop Stand'],
      },
      {
        name: 'Phone Accessories',
        medianPrice: 19,
        kinds: ['Phone Case', 'Fast Charger', 'Power Bank', 'Charging Cable 2 m', 'Car Mount'],
      },
      {
        name: 'Smart Home',
        medianPrice: 44,
        kinds: ['Smart Plug, Set of 2', 'Smart Bulb, Set of 3', 'Door Sensor', 'Indoor Camera', 'Thermostat'],
      },
      {
        name: 'Tablets & Readers',
        medianPrice: 185,
        kinds: ['Tablet 10"', 'E-Reader', 'Drawing Tablet', 'Monitor 24"'],
      },
    ],
  },
  {
    name: 'Sports & Outdoors',
    range: 11,
    demand: 9,
    season: [1.1, 0.9, 1, 1.1, 1.2, 1.15, 1.05, 1, 0.95, 0.85, 0.8, 0.9],
    costShare: 0.57,
    brands: ['Ridgeback', 'Solvang Sport', 'Trailmere', 'Peakhollow', 'Strideon'],
    lines: ['Active', 'Alpine', 'Breeze', 'Endurance', 'Flex', 'Light', 'Summit', 'Trail', 'Training', 'Winter'],
    subCategories: [
      {
        name: 'Fitness',
        medianPrice: 24,
        kinds: ['Yoga Mat', 'Resistance Bands', 'Dumbbell Pair 4 kg', 'Skipping Rope'],
      },
      {
        name: 'Camping',
        medianPrice: 68,
        kinds: ['Two-Person Tent', 'Sleeping Bag', 'Camping Stove', 'Sleeping Mat', 'Headlamp'],
      },
      {
        name: 'Cycling',
        medianPrice: 34,
        kinds: ['Cycling Helmet', 'Bike Light Set', 'Bike Lock', 'Floor Pump', 'Pannier'],
      },
      {
        name: 'Running',
        medianPrice: 32,
        kinds: ['Running Shirt', 'Running Tights', 'Running Vest', 'Hydration Belt'],
      },
      {
        name: 'Hiking',
        medianPrice: 48,
        kinds: ['Backpack 25 l', 'Trekking Poles', 'Rain Jacket', 'Water Bottle 1 l'],
      },
    ],
  },
  {
    name: 'Beauty & Care',
    range: 11,
    demand: 13,
    season: towardsGifts,
    costShare: 0.49,
    brands: ['Fleur de Lune', 'Saltmarsh Botanics', 'Verbenne', 'Clearwell', 'Amaryth'],
    lines: ['Balance', 'Botanic', 'Calm', 'Daily', 'Fresh', 'Gentle', 'Intense', 'Night', 'Pure', 'Sensitive'],
    subCategories: [
      {
        name: 'Skin Care',
        medianPrice: 19,
        kinds: ['Face Cream', 'Serum', 'Cleansing Gel', 'Sun Cream SPF 50', 'Eye Cream'],
      },
      { name: 'Hair Care', medianPrice: 12, kinds: ['Shampoo', 'Conditioner', 'Hair Mask', 'Styling Cream'] },
      {
        name: 'Bath & Body',
        medianPrice: 10,
        kinds: ['Hand Soap', 'Body Lotion', 'Shower Gel', 'Bath Salts', 'Deodorant'],
      },
      { name: 'Fragrance', medianPrice: 46, kinds: ['Eau de Parfum 50 ml', 'Eau de Toilette 50 ml', 'Scented Candle'] },
    ],
  },
  {
    name: 'Toys & Games',
    range: 10,
    demand: 9,
    season: [0.75, 0.75, 0.8, 0.85, 0.85, 0.9, 0.9, 0.9, 0.9, 1.1, 1.6, 1.85],
    costShare: 0.58,
    brands: ['Tumblewood', 'Puzzlekind', 'Little Heron', 'Dicehollow', 'Brickadoo'],
    lines: ['Adventure', 'Castle', 'City', 'Deluxe', 'Explorer', 'Family', 'Forest', 'Junior', 'Ocean', 'Space'],
    subCategories: [
      { name: 'Board Games', medianPrice: 29, kinds: ['Board Game', 'Card Game', 'Quiz Game', 'Dice Game'] },
      { name: 'Building', medianPrice: 36, kinds: ['Building Set', 'Marble Run', 'Wooden Blocks', 'Magnetic Tiles'] },
      {
        name: 'Puzzles',
        medianPrice: 16,
        kinds: ['Puzzle 500 Pieces', 'Puzzle 1000 Pieces', 'Wooden Puzzle', '3D Puzzle'],
      },
      { name: 'Soft Toys', medianPrice: 19, kinds: ['Teddy Bear', 'Plush Fox', 'Plush Rabbit', 'Hand Puppet'] },
    ],
  },
  {
    name: 'Grocery',
    range: 9,
    demand: 14,
    season: evenly,
    costShare: 0.7,
    brands: ['Fernhollow', 'Old Orchard Pantry', 'Casa Marenda', 'Millstone & Rye', 'Highland Leaf'],
    lines: ['Classic', 'Dark', 'Family', 'Farmhouse', 'Fine', 'Mild', 'Organic', 'Reserve', 'Rustic', 'Strong'],
    subCategories: [
      {
        name: 'Coffee & Tea',
        medianPrice: 11,
        kinds: ['Ground Coffee 500 g', 'Coffee Beans 1 kg', 'Black Tea', 'Herbal Tea'],
      },
      {
        name: 'Pantry',
        medianPrice: 7,
        kinds: ['Olive Oil 750 ml', 'Pasta 1 kg', 'Honey 350 g', 'Basmati Rice 2 kg', 'Pesto'],
      },
      {
        name: 'Sweets & Snacks',
        medianPrice: 6,
        kinds: ['Chocolate Selection', 'Oat Biscuits', 'Salted Nuts', 'Granola'],
      },
    ],
  },
  {
    name: 'Garden & Tools',
    range: 7,
    demand: 6,
    season: towardsSummer,
    costShare: 0.6,
    brands: ['Spadeworth', 'Greenacre Tools', 'Ironbark', 'Thistledown'],
    lines: ['Basic', 'Comfort', 'Cottage', 'Forged', 'Garden', 'Heavy-Duty', 'Oak', 'Precision', 'Steel', 'Workshop'],
    subCategories: [
      {
        name: 'Gardening',
        medianPrice: 21,
        kinds: ['Secateurs', 'Hand Trowel', 'Watering Can 10 l', 'Gloves', 'Hose 20 m'],
      },
      {
        name: 'Hand Tools',
        medianPrice: 28,
        kinds: ['Screwdriver Set', 'Claw Hammer', 'Socket Set', 'Hand Saw', 'Spirit Level'],
      },
      { name: 'Power Tools', medianPrice: 98, kinds: ['Cordless Drill', 'Jigsaw', 'Hedge Trimmer', 'Orbital Sander'] },
      { name: 'Outdoor Living', medianPrice: 58, kinds: ['Folding Chair', 'Parasol', 'Fire Bowl', 'Garden Lantern'] },
    ],
  },
  {
    name: 'Office & Stationery',
    range: 6,
    demand: 6,
    season: [1.15, 0.95, 0.95, 0.95, 0.9, 0.9, 0.9, 1.3, 1.3, 1, 0.95, 0.9],
    costShare: 0.52,
    brands: ['Inkwell & Son', 'Paperloom', 'Deskmark', 'Quillon'],
    lines: ['Atlas', 'Business', 'Campus', 'Classic', 'Colour', 'Director', 'Kraft', 'Modern', 'Pastel', 'Pocket'],
    subCategories: [
      {
        name: 'Writing',
        medianPrice: 12,
        kinds: ['Fountain Pen', 'Gel Pens, Set of 10', 'Pencils, Set of 12', 'Highlighters'],
      },
      { name: 'Paper', medianPrice: 10, kinds: ['Notebook A5', 'Sketchbook A4', 'Planner', 'Sticky Notes'] },
      { name: 'Desk', medianPrice: 31, kinds: ['Desk Lamp', 'Desk Organiser', 'Monitor Riser', 'Chair Cushion'] },
    ],
  },
  {
    name: 'Pet Supplies',
    range: 4,
    demand: 6,
    season: evenly,
    costShare: 0.62,
    brands: ['Waggerly', 'Pawmeadow', 'Furfolk'],
    lines: ['Adult', 'Bright', 'Cosy', 'Country', 'Grain-Free', 'Happy', 'Light', 'Natural', 'Senior', 'Sturdy'],
    subCategories: [
      { name: 'Food', medianPrice: 19, kinds: ['Dry Dog Food 3 kg', 'Dry Cat Food 2 kg', 'Dog Treats', 'Cat Treats'] },
      {
        name: 'Care & Play',
        medianPrice: 15,
        kinds: ['Dog Lead', 'Cat Scratcher', 'Chew Toy', 'Grooming Brush', 'Food Bowl'],
      },
      { name: 'Beds', medianPrice: 42, kinds: ['Dog Bed', 'Cat Cave', 'Travel Blanket'] },
    ],
  },
];
