/** The rules for CSV rows, one declaration each; judge.ts compiles those about single rows to one statement a table. */
import { itemValue, type ReceivedColumn, type TableName, tableContracts, tableNames } from './tables.ts';

/** error: the row is quarantined with all that depends on it; warn: counted, the row is kept. */
export type Severity = 'error' | 'warn';

/** What every rule says about itself. */
interface Declaration {
  /** Unique, such as 'transaction_items.quantity.sign'. */
  readonly id: string;
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly severity: Severity;
  readonly message: string;
  /** True when constraints or formulas downstream rest on the rule: its severity cannot be changed. */
  readonly guards: boolean;
  /** The greatest share of rows that may break the rule before the batch is stopped, 0 to 1; undefined: any. */
  readonly maxRate?: number;
}

/** A rule about the content of one row. */
export interface RowRule extends Declaration {
  readonly scope: 'row';
  /**
   * DuckDB's SQL that is true where the row breaks the rule; NULL counts as false. A column's bare name is its value as
   * it would be stored, read_<name> the value as read (NULL where the text could not be read), text_<name> the text as
   * received; as_of is the batch's day.
   */
  readonly broken: string;
}

/** A rule about one row beside its parents. */
export interface ParentsRule extends Declaration {
  readonly scope: 'parents';
  /**
   * As for a row, but over the stored columns, in SQL that DuckDB and PostgreSQL both have. parent_<table> is the parent
   * row: its key as `key`, and what `references` name under `uses`; all NULL where there is none. {time_zone} stands for
   * the shop's zone; `parentsPredicate` fills it in.
   */
  readonly broken: string;
}

/** A rule about rows of a batch beside the other rows of that batch: it warns, or is off, but never quarantines. */
export interface BatchRule extends Declaration {
  readonly scope: 'batch';
  readonly severity: 'warn';
  /** DuckDB's SQL over the judged_ tables of the batch that gives the row_number of each row that breaks the rule. */
  readonly failing: string;
}

/** The rule that a row breaks when another content of its key is preferred to it; loading decides and counts that. */
export interface KeyRule extends Declaration {
  readonly scope: 'key';
  readonly severity: 'warn';
}

/** A rule about CSV rows. */
export type Rule = RowRule | ParentsRule | BatchRule | KeyRule;

/** A column whose value must be the key of a row of another table, in the batch or in production. */
export interface Reference {
  readonly table: TableName;
  readonly column: string;
  readonly parent: TableName;
  /** Columns of the parent that rules of the table use. */
  readonly uses: readonly string[];
}

/** The references between the tables. */
export const references: readonly Reference[] = [
  { table: 'transactions', column: 'customer_id', parent: 'customers', uses: ['registration_date'] },
  { table: 'transaction_items', column: 'transaction_id', parent: 'transactions', uses: ['transaction_type'] },
  { table: 'transaction_items', column: 'product_id', parent: 'products', uses: [] },
];

/** The most units on one line. With `greatestPrice` it keeps every product of the two below 10^15, which DECIMAL(18,2) holds. */
const greatestQuantity = 10_000_000;

/** The greatest price or cost of a unit. */
const greatestPrice = 100_000_000;

const everyColumn: readonly { readonly table: TableName; readonly column: ReceivedColumn }[] = tableNames.flatMap(
  (table) => tableContracts[table].columns.map((column) => ({ table, column })),
);

const requiredRules: readonly RowRule[] = everyColumn
  .filter(({ column }) => column.required)
  .map(({ table, column }) => ({
    id: `${table}.${column.name}.required`,
    table,
    columns: [column.name],
    severity: 'error',
    scope: 'row',
    guards: true,
    broken: `trim(coalesce(text_${column.name}, '')) = ''`,
    message: `${column.name} is missing`,
  }));

const alwaysReadable = ['text', 'phone', 'payment_method', 'email', 'country'];

/** Columns in which production cannot do with NULL, or in which NULL would mean something else. */
const isNeeded = ({ kind, required, otherwise }: ReceivedColumn): boolean =>
  required || kind === 'id' || otherwise !== undefined;

function unreadable({ name, kind }: ReceivedColumn): string {
  if (typeof kind !== 'string') return `${name} is none of ${kind.join(', ')}`;
  return kind === 'id' ? `${name} is longer than 64 characters` : `${name} cannot be read as ${kind}`;
}

const typedRules: readonly RowRule[] = everyColumn
  .filter(({ column }) => Array.isArray(column.kind) || !alwaysReadable.includes(String(column.kind)))
  .map(({ table, column }) => ({
    id: `${table}.${column.name}.typed`,
    table,
    columns: [column.name],
    severity: 'error',
    scope: 'row',
    guards: isNeeded(column),
    broken: `read_${column.name} IS NULL AND trim(text_${column.name}) <> ''`,
    message: unreadable(column),
  }));

const referentialRules: readonly ParentsRule[] = references.map(({ table, column, parent }) => ({
  id: `${table}.${column}.referential`,
  table,
  columns: [column],
  severity: 'error',
  scope: 'parents',
  guards: true,
  broken: `${column} IS NOT NULL AND parent_${parent}.key IS NULL`,
  message: `${column} is not among the ${parent} of its source`,
}));

type About = Omit<RowRule, 'id' | 'table' | 'columns' | 'scope' | 'broken' | 'maxRate'>;

const refuses = (message: string): About => ({ severity: 'error', guards: true, message });
const warns = (message: string): About => ({ severity: 'warn', guards: false, message });

/** What a rule is called and about: its table, its columns (the first gives it its id), its name. */
const named = (table: TableName, columns: readonly string[], name: string) => ({
  id: `${table}.${columns[0]}.${name}`,
  table,
  columns,
});

const rowRule = (
  table: TableName,
  columns: readonly string[],
  name: string,
  broken: string,
  about: About,
): RowRule => ({ ...named(table, columns, name), ...about, scope: 'row', broken });

const valueRules: readonly RowRule[] = [
  rowRule(
    'customers',
    ['email'],
    'syntax',
    `email IS NULL AND trim(text_email) <> ''`,
    warns('email is no address of the form local@domain.tld; it is not stored'),
  ),
  rowRule('products', ['price'], 'positive', 'price <= 0', refuses('price must be above 0')),
  rowRule('products', ['price'], 'in_range', `price > ${greatestPrice}`, refuses(`price is above ${greatestPrice}`)),
  rowRule('products', ['cost'], 'not_negative', 'cost < 0', refuses('cost must not be below 0')),
  rowRule('products', ['cost'], 'in_range', `cost > ${greatestPrice}`, refuses(`cost is above ${greatestPrice}`)),
  rowRule(
    'products',
    ['stock_quantity'],
    'not_negative',
    'stock_quantity < 0',
    refuses('stock_quantity must not be below 0'),
  ),
  rowRule('products', ['price', 'cost'], 'covers_cost', 'price < cost', warns('price is below cost')),
  rowRule(
    'transactions',
    ['payment_method'],
    'known',
    `read_payment_method IS NULL AND trim(text_payment_method) <> ''`,
    warns('payment_method is not a known one; it is stored as Other'),
  ),
  rowRule(
    'transactions',
    ['transaction_date'],
    'in_range',
    `transaction_date > as_of OR transaction_date < DATE '2000-01-01'`,
    refuses('transaction_date is before 2000-01-01 or after the day the batch was observed'),
  ),
  rowRule('transaction_items', ['quantity'], 'not_zero', 'quantity = 0', refuses('quantity must not be 0')),
  rowRule(
    'transaction_items',
    ['quantity'],
    'in_range',
    `quantity NOT BETWEEN -${greatestQuantity} AND ${greatestQuantity}`,
    refuses(`quantity is beyond ${greatestQuantity} units`),
  ),
  rowRule(
    'transaction_items',
    ['unit_price'],
    'not_negative',
    'unit_price < 0',
    refuses('unit_price must not be below 0'),
  ),
  rowRule(
    'transaction_items',
    ['unit_price'],
    'in_range',
    `unit_price > ${greatestPrice}`,
    refuses(`unit_price is above ${greatestPrice}`),
  ),
  rowRule(
    'transaction_items',
    ['discount_percentage'],
    'in_range',
    'discount_percentage NOT BETWEEN 0 AND 100',
    refuses('discount_percentage must be from 0 to 100'),
  ),
  rowRule(
    'transaction_items',
    ['line_total', 'quantity', 'unit_price', 'discount_percentage'],
    'is_the_product',
    `abs(line_total - ${itemValue}) > 0.01`,
    refuses('line_total differs from quantity x unit_price x (1 - discount_percentage / 100) by more than 0.01'),
  ),
];

const parentsRules: readonly ParentsRule[] = [
  {
    ...named('transactions', ['transaction_date', 'customer_id'], 'after_registration'),
    ...warns('transaction_date is before the registration_date of the customer'),
    scope: 'parents',
    broken: `(transaction_at AT TIME ZONE '{time_zone}')::date < parent_customers.registration_date`,
  },
  {
    ...named('transaction_items', ['quantity', 'transaction_id'], 'sign'),
    ...refuses('quantity must be above 0 on a sale and below 0 on a return'),
    scope: 'parents',
    broken: `CASE parent_transactions.transaction_type WHEN 'sale' THEN quantity < 0 WHEN 'return' THEN quantity > 0 ELSE false END`,
  },
];

const batchRule = (
  table: TableName,
  columns: readonly string[],
  name: string,
  failing: string,
  message: string,
): BatchRule => ({
  ...named(table, columns, name),
  severity: 'warn',
  guards: false,
  message,
  scope: 'batch',
  failing,
});

/** The clean items of the batch, of several contents of one key the one with the greatest hash. */
const batchItems = `SELECT transaction_id, line_total FROM judged_transaction_items WHERE verdict = 'clean' AND NOT contested
UNION ALL
SELECT arg_max(transaction_id, content_hash), arg_max(line_total, content_hash)
FROM judged_transaction_items WHERE verdict = 'clean' AND contested GROUP BY item_id`;

/** The rules about a batch as a whole, for when all its tables are judged. Exact copies of a row break none. */
export const batchRules: readonly BatchRule[] = [
  batchRule(
    'customers',
    ['email', 'customer_id'],
    'shared',
    `SELECT row_number FROM judged_customers WHERE verdict <> 'duplicate' AND email IN (
  SELECT email FROM judged_customers WHERE verdict <> 'duplicate' AND email IS NOT NULL
  GROUP BY email HAVING min(customer_id) <> max(customer_id)
)`,
    'email is that of several customers of the batch',
  ),
  batchRule(
    'transactions',
    ['total_amount'],
    'is_the_sum',
    `SELECT row_number FROM judged_transactions AS orders
JOIN (SELECT transaction_id, sum(line_total) AS total FROM (${batchItems}) GROUP BY transaction_id) AS items
  ON items.transaction_id = orders.transaction_id
WHERE verdict <> 'duplicate' AND abs(orders.total_amount - items.total) > 0.01`,
    'total_amount differs from the sum of line_total of its items by more than 0.01',
  ),
  batchRule(
    'transactions',
    ['transaction_id'],
    'has_items',
    `SELECT row_number FROM judged_transactions AS orders
WHERE verdict <> 'duplicate' AND transaction_id IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM judged_transaction_items AS items WHERE items.transaction_id = orders.transaction_id
)`,
    'the batch has no item of the transaction',
  ),
];

const keyRules: readonly KeyRule[] = tableNames.map((table) => ({
  ...named(table, [tableContracts[table].key], 'unique'),
  severity: 'warn',
  guards: false,
  message: `another content of this ${tableContracts[table].key} is preferred`,
  scope: 'key',
}));

/** Every rule about rows, in the order of the tables. */
export const rules: readonly Rule[] = tableNames.flatMap((table) =>
  [
    ...requiredRules,
    ...typedRules,
    ...referentialRules,
    ...valueRules,
    ...parentsRules,
    ...batchRules,
    ...keyRules,
  ].filter((rule) => rule.table === table),
);

/** The rule (of severity warn) that a row breaks when another content of its key is preferred to it. */
export const uniqueKeyRule = (table: TableName): string => `${table}.${tableContracts[table].key}.unique`;

/** The rule that a record which cannot be taken apart into the header's columns breaks. */
export const malformedRule = 'file.record.malformed';

/** The rules of a table about single rows, of one severity, in a fixed order: the bit of a rule is its place. */
export const rulesOf = (among: readonly Rule[], table: TableName, severity: Severity): readonly RowRule[] =>
  among.filter((rule) => rule.scope === 'row').filter((rule) => rule.table === table && rule.severity === severity);

/** The rules of a table about rows beside their parents, of one severity. */
export const parentsRulesOf = (among: readonly Rule[], table: TableName, severity: Severity): readonly ParentsRule[] =>
  among.filter((rule) => rule.scope === 'parents').filter((rule) => rule.table === table && rule.severity === severity);

/** The predicate of a rule about parents, for a shop in this time zone (its IANA name). */
export const parentsPredicate = ({ broken }: ParentsRule, timeZone: string): string =>
  broken.replaceAll('{time_zone}', timeZone.replaceAll("'", "''"));
