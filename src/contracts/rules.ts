/** The rules for CSV rows, one declaration each. judge.ts compiles those of a table to one statement. */
import { itemValue, type ReceivedColumn, type TableName, tableContracts, tableNames } from './tables.ts';

/** error: the row is quarantined with all that depends on it; warn: counted, the row is kept. */
export type Severity = 'error' | 'warn';

/** A rule about one row, with what of its parents it needs. */
export interface Rule {
  /** Unique, such as 'transaction_items.quantity.sign'. */
  readonly id: string;
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly severity: Severity;
  /**
   * SQL that is true where the row breaks the rule; NULL counts as false. A column's bare name is its value as it
   * would be stored, read_<name> the value as read (NULL where the text could not be read), text_<name> the text as
   * received. parent_<table> is the parent row (its key as `key`), NULL where there is none; as_of is the batch's day.
   */
  readonly broken: string;
  readonly message: string;
}

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
  { table: 'transactions', column: 'customer_id', parent: 'customers', uses: [] },
  { table: 'transaction_items', column: 'transaction_id', parent: 'transactions', uses: ['transaction_type'] },
  { table: 'transaction_items', column: 'product_id', parent: 'products', uses: [] },
];

const everyColumn: readonly { readonly table: TableName; readonly column: ReceivedColumn }[] = tableNames.flatMap(
  (table) => tableContracts[table].columns.map((column) => ({ table, column })),
);

const requiredRules: readonly Rule[] = everyColumn
  .filter(({ column }) => column.required)
  .map(({ table, column }) => ({
    id: `${table}.${column.name}.required`,
    table,
    columns: [column.name],
    severity: 'error',
    broken: `trim(coalesce(text_${column.name}, '')) = ''`,
    message: `${column.name} is missing`,
  }));

const alwaysReadable = ['text', 'phone', 'payment_method', 'email'];

const typedRules: readonly Rule[] = everyColumn
  .filter(({ column }) => Array.isArray(column.kind) || !alwaysReadable.includes(String(column.kind)))
  .map(({ table, column }) => ({
    id: `${table}.${column.name}.typed`,
    table,
    columns: [column.name],
    severity: 'error',
    broken: `read_${column.name} IS NULL AND trim(text_${column.name}) <> ''`,
    message: Array.isArray(column.kind)
      ? `${column.name} is none of ${column.kind.join(', ')}`
      : `${column.name} cannot be read as ${String(column.kind)}`,
  }));

const referentialRules: readonly Rule[] = references.map(({ table, column, parent }) => ({
  id: `${table}.${column}.referential`,
  table,
  columns: [column],
  severity: 'error',
  broken: `${column} IS NOT NULL AND parent_${parent}.key IS NULL`,
  message: `${column} is not among the ${parent} of this batch or of production`,
}));

const rule = (
  table: TableName,
  columns: readonly string[],
  name: string,
  severity: Severity,
  broken: string,
  message: string,
): Rule => ({ id: `${table}.${columns[0]}.${name}`, table, columns, severity, broken, message });

const valueRules: readonly Rule[] = [
  rule(
    'customers',
    ['email'],
    'syntax',
    'warn',
    `email IS NULL AND trim(text_email) <> ''`,
    'email is no address of the form local@domain.tld; it is not stored',
  ),
  rule('products', ['price'], 'positive', 'error', 'price <= 0', 'price must be above 0'),
  rule('products', ['cost'], 'not_negative', 'error', 'cost < 0', 'cost must not be below 0'),
  rule('products', ['stock_quantity'], 'not_negative', 'error', 'stock_quantity < 0', 'stock must not be below 0'),
  rule('products', ['price', 'cost'], 'covers_cost', 'warn', 'price < cost', 'price is below cost'),
  rule(
    'transactions',
    ['payment_method'],
    'known',
    'warn',
    `read_payment_method IS NULL AND trim(text_payment_method) <> ''`,
    'payment_method is not a known one; it is stored as Other',
  ),
  rule(
    'transactions',
    ['transaction_date'],
    'in_range',
    'error',
    `transaction_date > as_of OR transaction_date < DATE '2000-01-01'`,
    'transaction_date is before 2000-01-01 or after the day the batch was observed',
  ),
  rule(
    'transaction_items',
    ['quantity'],
    'sign',
    'error',
    `CASE parent_transactions.transaction_type WHEN 'sale' THEN quantity <= 0 WHEN 'return' THEN quantity >= 0 ELSE quantity = 0 END`,
    'quantity must be above 0 on a sale and below 0 on a return',
  ),
  rule(
    'transaction_items',
    ['unit_price'],
    'not_negative',
    'error',
    'unit_price < 0',
    'unit_price must not be below 0',
  ),
  rule(
    'transaction_items',
    ['discount_percentage'],
    'in_range',
    'error',
    'discount_percentage NOT BETWEEN 0 AND 100',
    'discount_percentage must be from 0 to 100',
  ),
  rule(
    'transaction_items',
    ['line_total', 'quantity', 'unit_price', 'discount_percentage'],
    'is_the_product',
    'error',
    `coalesce(abs(line_total - ${itemValue}) > 0.01, quantity + unit_price + discount_percentage IS NOT NULL)`,
    'line_total differs from quantity x unit_price x (1 - discount_percentage / 100) by more than 0.01, or is too large',
  ),
];

/** The rule (of severity warn) that a row breaks when another content of its key is preferred to it. */
export const uniqueKeyRule = (table: TableName): string => `${table}.${tableContracts[table].key}.unique`;

/** Every rule about single rows; that a key is unique is judged beside them. */
export const rules: readonly Rule[] = [...requiredRules, ...typedRules, ...referentialRules, ...valueRules];

/** The rule that a record which cannot be taken apart into the header's columns breaks. */
export const malformedRule = 'file.record.malformed';
