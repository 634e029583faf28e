/** What each row of the four CSV files must be: columns, kinds, keys. Rules about them are in rules.ts. */

/** The tables of the batch path, in the order in which they are judged and loaded: parents first. */
export const tableNames = ['customers', 'products', 'transactions', 'transaction_items'] as const;

/** A table of the batch path. */
export type TableName = (typeof tableNames)[number];

/** What is loaded into the lake, row by row as the tables are into production. */
export const lakeTables = ['events', 'catalog', 'profiles'] as const;

/** One of them. */
export type LakeTable = (typeof lakeTables)[number];

/** Whatever the ledger books and quarantine holds. */
export type BookedTable = TableName | LakeTable;

/** Whether a name is that of a table of CSV files. */
export const isTableName = (name: string | null): name is TableName => tableNames.some((each) => each === name);

/** How the text of a column is read. Amounts are in the shop currency, dates and times local to SHOP_TIMEZONE. */
export type ColumnKind =
  | 'id'
  | 'text'
  | 'email'
  | 'phone'
  | 'integer'
  | 'price'
  | 'amount'
  | 'percentage'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'json'
  | 'payment_method'
  | 'country'
  | readonly string[];

/** A column as a file has it. */
export interface ReceivedColumn {
  readonly name: string;
  /** A list of words: the value is one of them, matched without case. */
  readonly kind: ColumnKind;
  readonly description: string;
  /** The header must have it; otherwise the batch stops before anything is loaded. */
  readonly inHeader: boolean;
  /** A row without a value breaks the rule 'required'. */
  readonly required: boolean;
  /** The value where the row gives none: SQL over the other columns. */
  readonly otherwise?: string;
}

/** A column as production has it. */
export interface StoredColumn {
  readonly name: string;
  /** SQL over the received columns once they are read. */
  readonly expression: string;
}

/** The contract of one table. */
export interface TableContract {
  readonly name: TableName;
  readonly file: string;
  /** The column that identifies a row within its source. */
  readonly key: string;
  readonly columns: readonly ReceivedColumn[];
  readonly stored: readonly StoredColumn[];
  /** SQL that says when the row was last changed at its source, or NULL: decides between contents of one key. */
  readonly updatedAt: string;
}

type Options = Partial<Pick<ReceivedColumn, 'inHeader' | 'required' | 'otherwise'>>;

const column = (name: string, kind: ColumnKind, description: string, options: Options = {}): ReceivedColumn => ({
  name,
  kind,
  description,
  inHeader: options.required ?? false,
  required: false,
  ...options,
});

/** Each column under its own name; beside a country its ISO 3166-1 alpha-2 code, NULL where the text means none. */
const asReceived = (columns: readonly ReceivedColumn[]): readonly StoredColumn[] =>
  columns.flatMap(({ name, kind }) =>
    kind === 'country'
      ? [
          { name, expression: name },
          { name: `${name}_code`, expression: `code_${name}` },
        ]
      : [{ name, expression: name }],
  );

/** The payment methods; anything else becomes Other. */
export const paymentMethods = [
  'Credit Card',
  'Debit Card',
  'PayPal',
  'UPI',
  'Net Banking',
  'Cash on Delivery',
  'Bank Transfer',
  'Gift Card',
  'Other',
] as const;

const customerColumns = [
  column('customer_id', 'id', 'The shop’s id of the customer.', { required: true }),
  column('first_name', 'text', 'Given name.'),
  column('last_name', 'text', 'Family name.'),
  column('email', 'email', 'Email address; stored trimmed and in lower case, or not at all when it is none.'),
  column('phone', 'phone', 'Phone number; stored as + and digits.'),
  column('registration_date', 'date', 'The day the account was made, YYYY-MM-DD.'),
  column('city', 'text', 'City of the customer.'),
  column('state', 'text', 'State or region of the customer.'),
  column('country', 'country', 'Country of the customer, by name or ISO code.'),
  column('age_group', 'text', 'Age band, such as 25-34.'),
];

const productColumns = [
  column('product_id', 'id', 'The shop’s id of the product.', { required: true }),
  column('product_name', 'text', 'Name of the product.', { required: true }),
  column('category', 'text', 'Category of the product.', { required: true }),
  column('sub_category', 'text', 'Finer category.'),
  column('price', 'price', 'List price per unit.', { required: true }),
  column('cost', 'price', 'What a unit costs the shop.'),
  column('brand', 'text', 'Brand of the product.'),
  column('stock_quantity', 'integer', 'Units in stock.'),
  column('supplier_id', 'text', 'The shop’s id of the supplier.'),
  column('metadata', 'json', 'Anything else about the product, as JSON.'),
];

const transactionColumns = [
  column('transaction_id', 'id', 'The shop’s id of the order or return.', { required: true }),
  column('customer_id', 'id', 'Who bought; empty for a guest.', { inHeader: true }),
  column('transaction_date', 'date', 'The day of the order, YYYY-MM-DD.', { required: true }),
  column('transaction_time', 'time', 'The time of day, HH:MM or HH:MM:SS; midnight when absent.'),
  column('payment_method', 'payment_method', 'How it was paid; unknown words become Other.', { otherwise: `'Other'` }),
  column('shipping_address', 'text', 'Where it was sent.'),
  column('total_amount', 'amount', 'What the order came to.'),
  column('transaction_type', ['sale', 'return'], 'sale or return.', { otherwise: `'sale'` }),
  column('status', ['completed', 'pending', 'cancelled'], 'completed, pending or cancelled.', {
    otherwise: `'completed'`,
  }),
  column('country', 'country', 'The country of the order, by name or ISO code.'),
  column('updated_at', 'timestamp', 'When the order was last changed in the shop.'),
];

/** SQL: what an item comes to, DECIMAL(18,2); NULL where a part of it is absent, or where it is too large for that. */
export const itemValue =
  'TRY_CAST(TRY(round(quantity::DECIMAL(20,0) * unit_price * (100 - discount_percentage) * 0.01, 2)) AS DECIMAL(18,2))';

const itemColumns = [
  column('item_id', 'id', 'The shop’s id of the order line.', { required: true }),
  column('transaction_id', 'id', 'The order or return it belongs to.', { required: true }),
  column('product_id', 'id', 'The product.', { required: true }),
  column('quantity', 'integer', 'Units: above 0 on a sale, below 0 on a return.', { required: true }),
  column('unit_price', 'price', 'Price per unit.', { required: true }),
  column('discount_percentage', 'percentage', 'Discount in percent, 0 to 100.', { otherwise: '0' }),
  column('line_total', 'amount', 'Quantity times price after discount; computed where absent.', {
    otherwise: itemValue,
  }),
];

/** The contracts of the batch path. */
export const tableContracts: Readonly<Record<TableName, TableContract>> = {
  customers: {
    name: 'customers',
    file: 'customers.csv',
    key: 'customer_id',
    columns: customerColumns,
    stored: asReceived(customerColumns),
    updatedAt: 'NULL::TIMESTAMPTZ',
  },
  products: {
    name: 'products',
    file: 'products.csv',
    key: 'product_id',
    columns: productColumns,
    stored: asReceived(productColumns),
    updatedAt: 'NULL::TIMESTAMPTZ',
  },
  transactions: {
    name: 'transactions',
    file: 'transactions.csv',
    key: 'transaction_id',
    columns: transactionColumns,
    stored: [
      {
        name: 'transaction_at',
        expression: `local_to_utc(transaction_date + coalesce(transaction_time, TIME '00:00'))`,
      },
      ...asReceived(
        transactionColumns.filter(({ name }) => !['transaction_date', 'transaction_time', 'updated_at'].includes(name)),
      ),
    ],
    updatedAt: 'updated_at',
  },
  transaction_items: {
    name: 'transaction_items',
    file: 'transaction_items.csv',
    key: 'item_id',
    columns: itemColumns,
    stored: asReceived(itemColumns),
    updatedAt: 'NULL::TIMESTAMPTZ',
  },
};
