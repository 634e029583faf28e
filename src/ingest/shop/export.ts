/** The live shop as a batch: its tables as the four CSV files, which are then judged and loaded like any others. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TableName, tableContracts, tableNames } from '../../contracts/tables.ts';
import { type Postgres, sqlText } from '../../stores/postgres/postgres.ts';

/** PostgreSQL: what each file holds; `{zone}` is the shop's time zone as a literal. */
const selections: Readonly<Record<TableName, string>> = {
  customers: `SELECT customer_id, first_name, last_name, email, phone, registered_on AS registration_date, city, state,
    country, age_group FROM shop.customers ORDER BY customer_id`,
  products: `SELECT product_id, product_name, category, sub_category, price, cost, brand, stock_quantity, supplier_id,
    metadata FROM shop.products ORDER BY product_id`,
  transactions: `SELECT order_id AS transaction_id, customer_id,
    to_char(placed_at AT TIME ZONE {zone}, 'YYYY-MM-DD') AS transaction_date,
    to_char(placed_at AT TIME ZONE {zone}, 'HH24:MI:SS') AS transaction_time, payment_method, shipping_address,
    (SELECT sum(line_total) FROM shop.order_items AS items WHERE items.order_id = orders.order_id) AS total_amount,
    'sale' AS transaction_type, status, country, updated_at
    FROM shop.orders ORDER BY order_id`,
  transaction_items: `SELECT order_id || '-' || line AS item_id, order_id AS transaction_id, product_id, quantity,
    unit_price, 0 AS discount_percentage, line_total FROM shop.order_items ORDER BY order_id, line`,
};

/** True when anything was ever ordered in the live shop. */
export async function hasOrders(postgres: Postgres): Promise<boolean> {
  return (await postgres.rows('SELECT 1 FROM shop.orders LIMIT 1')).length > 0;
}

/** Writes the four files into the folder, which only this user may enter, all of one moment. The same shop gives the same bytes. */
export async function exportShop(postgres: Postgres, folder: string, timeZone: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await postgres.transaction(async (sql) => {
    await sql.run('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    for (const table of tableNames) {
      await sql.copyOut(
        `COPY (${selections[table].replaceAll('{zone}', sqlText(timeZone))}) TO STDOUT (FORMAT csv, HEADER)`,
        createWriteStream(join(folder, tableContracts[table].file)),
      );
    }
  });
}
