/** Where the sample's buyers live, and how people pay there. */

/** A payment method in the spelling of the CSV contract. */
type PaymentMethod =
  | 'Credit Card'
  | 'Debit Card'
  | 'PayPal'
  | 'UPI'
  | 'Net Banking'
  | 'Cash on Delivery'
  | 'Bank Transfer'
  | 'Gift Card'
  | 'Other';

/** The faker locales that names and addresses come from. */
export type PeopleLocale = 'de' | 'en_AU' | 'en_CA' | 'en_GB' | 'en_IN' | 'en_US' | 'es' | 'fr' | 'it' | 'nl';

/** A country with its weight among buyers and the weights of payment methods in it. */
export interface Country {
  readonly name: string;
  /** ISO 3166-1 alpha-2. */
  readonly code: string;
  readonly weight: number;
  readonly locale: PeopleLocale;
  /** Whether postal addresses there name a state or province. */
  readonly hasStates: boolean;
  readonly payments: readonly (readonly [PaymentMethod, number])[];
}

/** The countries, the most frequent first. */
export const countries: readonly Country[] = [
  {
    name: 'United States',
    code: 'US',
    weight: 41,
    locale: 'en_US',
    hasStates: true,
    payments: [
      ['Credit Card', 49],
      ['Debit Card', 22],
      ['PayPal', 20],
      ['Gift Card', 6],
      ['Other', 3],
    ],
  },
  {
    name: 'United Kingdom',
    code: 'GB',
    weight: 13,
    locale: 'en_GB',
    hasStates: false,
    payments: [
      ['Debit Card', 43],
      ['Credit Card', 26],
      ['PayPal', 25],
      ['Gift Card', 4],
      ['Other', 2],
    ],
  },
  {
    name: 'Germany',
    code: 'DE',
    weight: 11,
    locale: 'de',
    hasStates: false,
    payments: [
      ['PayPal', 42],
      ['Bank Transfer', 29],
      ['Debit Card', 13],
      ['Credit Card', 12],
      ['Gift Card', 3],
      ['Other', 1],
    ],
  },
  {
    name: 'France',
    code: 'FR',
    weight: 8,
    locale: 'fr',
    hasStates: false,
    payments: [
      ['Debit Card', 44],
      ['Credit Card', 26],
      ['PayPal', 22],
      ['Bank Transfer', 4],
      ['Gift Card', 4],
    ],
  },
  {
    name: 'Canada',
    code: 'CA',
    weight: 7,
    locale: 'en_CA',
    hasStates: true,
    payments: [
      ['Credit Card', 58],
      ['Debit Card', 17],
      ['PayPal', 18],
      ['Gift Card', 5],
      ['Other', 2],
    ],
  },
  {
    name: 'Australia',
    code: 'AU',
    weight: 5,
    locale: 'en_AU',
    hasStates: true,
    payments: [
      ['Credit Card', 38],
      ['Debit Card', 29],
      ['PayPal', 25],
      ['Gift Card', 3],
      ['Other', 5],
    ],
  },
  {
    name: 'Netherlands',
    code: 'NL',
    weight: 5,
    locale: 'nl',
    hasStates: false,
    payments: [
      ['Net Banking', 64],
      ['PayPal', 14],
      ['Credit Card', 10],
      ['Bank Transfer', 8],
      ['Gift Card', 4],
    ],
  },
  {
    name: 'Italy',
    code: 'IT',
    weight: 4,
    locale: 'it',
    hasStates: false,
    payments: [
      ['PayPal', 36],
      ['Debit Card', 30],
      ['Credit Card', 16],
      ['Cash on Delivery', 13],
      ['Bank Transfer', 5],
    ],
  },
  {
    name: 'Spain',
    code: 'ES',
    weight: 4,
    locale: 'es',
    hasStates: false,
    payments: [
      ['Debit Card', 42],
      ['PayPal', 25],
      ['Credit Card', 20],
      ['Cash on Delivery', 8],
      ['Bank Transfer', 5],
    ],
  },
  {
    name: 'India',
    code: 'IN',
    weight: 2,
    locale: 'en_IN',
    hasStates: true,
    payments: [
      ['UPI', 54],
      ['Cash on Delivery', 19],
      ['Debit Card', 11],
      ['Credit Card', 9],
      ['Net Banking', 7],
    ],
  },
];
