/** Writes the rows of a sample with defects, and lists in a manifest which row got which. */
import type { Exported } from './batches.ts';
import { type CsvFile, formatRecord } from './csv.ts';
import {
  type CustomerSubject,
  customerDefects,
  type Defect,
  type Fields,
  itemDefects,
  type Outcome,
  productDefects,
  transactionDefects,
} from './defects.ts';
import type { Order } from './orders.ts';
import type { Customer } from './people.ts';
import type { Product } from './products.ts';
import type { Random } from './random.ts';
import { createRotation } from './rotation.ts';
import {
  customerRow,
  dirtyHeaders,
  type OrderRows,
  productRow,
  type Row,
  type RowSink,
  type SampleFiles,
  type SampleTable,
} from './rows.ts';

/** The columns of the manifest: one row per defect or row that depends on one. */
export const manifestHeader = ['file', 'line', 'key', 'outcome', 'rule', 'column', 'written'] as const;

/** Opens the files of an export for rows with defects. `folder` comes before their names in the manifest. */
export type OpenDirtySink = (files: SampleFiles, folder: string) => RowSink;

const orphanedOrder: Defect<unknown> = {
  rule: 'transactions.customer_id.referential',
  outcome: 'dependent',
  column: 'customer_id',
  write: () => ({}),
};
const orphanedItem: Defect<unknown> = {
  ...orphanedOrder,
  rule: 'transaction_items.transaction_id.referential',
  column: 'transaction_id',
};

/** The row stands beside a good one of its key. */
const repeatsKey = (outcome: Outcome): boolean => outcome === 'duplicate' || outcome === 'superseded';

const isQuarantined = (outcome: Outcome): boolean => outcome !== 'warn' && !repeatsKey(outcome);

const fieldsOf = (table: SampleTable, row: Row): Fields =>
  Object.fromEntries(dirtyHeaders[table].map((name, place) => [name, String(row[place])]));

const change = (table: SampleTable, row: Row, fields: Fields): Row =>
  dirtyHeaders[table].map((name, place) => fields[name] ?? (row[place] as string));

/** A record that has a field too few or too many, or text after a field's closing quote. */
function breakRecord(random: Random, row: Row): string {
  const [first, second, ...rest] = row;
  return random.pick([
    formatRecord(row.slice(0, -2)),
    formatRecord([...row, 'surplus', 1]),
    `${first},"${String(second)}" nee",${formatRecord(rest)}`,
  ]);
}

/** Draws defects in turn; undefined when none suits the row. */
function defectSource<S>(
  random: Random,
  defects: readonly Defect<S>[],
): (subject: S) => { readonly defect: Defect<S>; readonly fields: Fields } | undefined {
  const rotate = createRotation(random, defects);
  return (subject) =>
    rotate((defect) => {
      const fields = defect.write(random, subject);
      return fields && { defect, fields };
    });
}

/**
 * Gives about `rate` of the rows a defect each. A row gets one only if no other row of its key and no clean row depends
 * on it, but for those that the manifest lists as dependent. `asOf` is the day after the sample's last.
 */
export function createDirt(random: Random, rate: number, asOf: number, manifest: CsvFile): OpenDirtySink {
  const drawCustomerDefect = defectSource(random, customerDefects);
  const drawProductDefect = defectSource(random, productDefects);
  const drawTransactionDefect = defectSource(random, transactionDefects);
  const drawItemDefect = defectSource(random, itemDefects);
  const lostCustomers = new Set<string>();
  const lostProducts: string[] = [];

  return (files, folder) => {
    /** The last customer without fault whose email address nobody shares. */
    let donor: { readonly customer: Customer; readonly line: number } | undefined;

    /** Lists the row that was written last. */
    const list = (
      table: SampleTable,
      key: string | number | undefined,
      { outcome, rule, column }: Defect<never>,
      written: string,
      line = files[table].rows + 1,
    ): void => manifest.add([`${folder}${table}.csv`, line, key ?? '', outcome, rule, column, written]);

    /** Writes a row with its defect, and lists it. */
    const spoil = (table: SampleTable, row: Row, defect: Defect<never>, fields: Fields): void => {
      const file = files[table];
      const { outcome } = defect;
      const record = outcome === 'malformed' ? breakRecord(random, row) : formatRecord(change(table, row, fields));
      if (repeatsKey(outcome)) file.add(row);
      file.addRecord(record);
      list(table, row[0], defect, defect.column === '' ? record : String(fields[defect.column] ?? ''));
    };

    const spoilCustomer = (customer: Customer, row: Row): boolean => {
      const subject: CustomerSubject = { fields: fieldsOf('customers', row), otherEmail: donor?.customer.email };
      const drawn = drawCustomerDefect(subject);
      if (!drawn) return false;
      spoil('customers', row, drawn.defect, drawn.fields);
      if (isQuarantined(drawn.defect.outcome)) lostCustomers.add(customer.id);
      if (drawn.defect.rule === 'customers.email.shared' && donor) {
        list('customers', donor.customer.id, drawn.defect, donor.customer.email, donor.line);
        donor = undefined;
      }
      return true;
    };

    /** A faulty row of a product that is not sold yet, so that no order depends on it. */
    const addFaultyProduct = (row: Row): void => {
      const drawn = drawProductDefect({ fields: fieldsOf('products', row) });
      if (!drawn) return;
      const { defect, fields } = drawn;
      if (repeatsKey(defect.outcome)) {
        spoil('products', row, defect, fields);
        return;
      }
      files.products.add(row);
      const id = `${row[0]}N`;
      spoil('products', change('products', row, { product_id: id }), defect, fields);
      if (isQuarantined(defect.outcome)) lostProducts.push(id);
    };

    const addOrphans = (items: readonly Row[]): void => {
      for (const item of items) {
        files.transaction_items.add(item);
        list('transaction_items', item[0], orphanedItem, String(item[1]));
      }
    };

    /** An order whose transaction is at fault; its items are not. */
    const spoilTransaction = (order: Order, { transaction, items }: OrderRows): void => {
      const drawn = drawTransactionDefect({ fields: fieldsOf('transactions', transaction), order, asOf });
      if (!drawn) throw new Error('some defects suit every transaction');
      const { defect, fields } = drawn;
      spoil('transactions', transaction, defect, fields);
      if (isQuarantined(defect.outcome)) addOrphans(items);
      else if (defect.rule !== 'transactions.transaction_id.has_items') items.forEach(files.transaction_items.add);
    };

    /** Writes an item with a defect; true when it will be quarantined. */
    const spoilItem = (order: Order, items: readonly Row[], place: number): boolean => {
      const item = items[place] as Row;
      const line = order.lines[place];
      const drawn = line && drawItemDefect({ fields: fieldsOf('transaction_items', item), line });
      if (!drawn) throw new Error('some defects suit every item');
      const { defect, fields } = drawn;
      const lost = lostProducts.at(-1);
      if (defect.rule === 'transaction_items.product_id.referential' && lost !== undefined) {
        lostProducts.pop();
        spoil('transaction_items', item, { ...defect, outcome: 'dependent' }, { product_id: lost });
      } else spoil('transaction_items', item, defect, fields);
      return isQuarantined(defect.outcome);
    };

    /**
     * An order some of whose items may be at fault, never the first. Its total is left out if so, for it would differ
     * from the sum of the items that remain.
     */
    const spoilItems = (order: Order, { transaction, items }: OrderRows): void => {
      const chance = (rate * items.length) / (items.length - 1);
      let quarantined = false;
      for (const [place, item] of items.entries()) {
        if (place > 0 && random.chance(chance)) quarantined = spoilItem(order, items, place) || quarantined;
        else files.transaction_items.add(item);
      }
      files.transactions.add(quarantined ? change('transactions', transaction, { total_amount: '' }) : transaction);
    };

    return {
      customer({ row: customer, once }: Exported<Customer>) {
        const row = customerRow(customer);
        if (once && random.chance(rate) && spoilCustomer(customer, row)) return;
        files.customers.add(row);
        if (once) donor = { customer, line: files.customers.rows + 1 };
      },
      product({ row: product, once }: Exported<Product>) {
        const row = [...productRow(product), ''];
        if (once && random.chance(rate)) addFaultyProduct(row);
        else files.products.add(row);
      },
      order(order, rows, once) {
        if (lostCustomers.has(order.buyer.id)) {
          files.transactions.add(rows.transaction);
          list('transactions', rows.transaction[0], orphanedOrder, order.buyer.id);
          addOrphans(rows.items);
        } else if (once && random.chance(rate)) spoilTransaction(order, rows);
        else if (once) spoilItems(order, rows);
        else {
          files.transactions.add(rows.transaction);
          rows.items.forEach(files.transaction_items.add);
        }
      },
    };
  };
}
