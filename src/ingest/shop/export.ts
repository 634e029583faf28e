/** The live shop as a batch: its tables as the four CSV files, which are then judged and loaded like any others. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TableName, tableContracts, tableNames } from '../../contracts/tables.ts';
import { type Postgres, sqlText } from '../../stores/postgres/postgres.ts';

/** Production as it has learned of the live shop so far. */
const known = (table: TableName, condition: string): string =>
  `SELECT FROM production.${table} AS known WHERE known.source = 'shop' AND ${condition}`;

/** Orders that production has not, or not as they are now. */
const changedOrders = `SELECT * FROM shop.orders AS orders WHERE NOT EXISTS (
  ${known('transactions', 'known.transaction_id = orders.order_id AND known.updated_at = orders.updated_at')})`;

/** How a phone is stored: + and digits. */
const storedPhone = `nullif(CASE WHEN trim(phone) LIKE '+%' THEN '+' ELSE '' END || regexp_replace(phone, '[^0-9]', '', 'g'), '')`;

/**
 * PostgreSQL: what each file holds; `{zone}` is the shop's time zone as a literal. Only what production has not, or has
 * otherwise: a row whose text is stored in another form, such as the name of a country, may come again unchanged.
 */
const selections: Readonly<Record<TableName, string>> = {
  customers: `SELECT customer_id, first_name, last_name, email, phone, registered_on AS registration_date, city, state,
    country, age_group FROM shop.customers AS customers WHERE NOT EXISTS (${known(
      'customers',
      `known.customer_id = customers.customer_id AND (known.first_name, known.last_name, known.email, known.phone,
        known.registration_date, known.city, known.state, known.country, known.age_group) IS NOT DISTINCT FROM
      (customers.first_name, customers.last_name, lower(trim(customers.email)), ${storedPhone.replaceAll('phone', 'customers.phone')},
        customers.registered_on, customers.city, customers.state, customers.country, customers.age_group)`,
    )}) ORDER BY customer_id`,
  products: `SELECT product_id, product_name, category, sub_category, price, cost, brand, stock_quantity, supplier_id,
    metadata FROM shop.products AS products WHERE NOT EXISTS (${known(
      'products',
      `known.product_id = products.product_id AND (known.product_name, known.category, known.sub_category, known.price,
        known.cost, known.brand, known.stock_quantity, known.supplier_id, known.metadata) IS NOT DISTINCT FROM
      (products.product_name, products.category, products.sub_category, products.price, products.cost, products.brand,
        products.stock_quantity, products.supplier_id, products.metadata)`,
    )}) ORDER BY product_id`,
  transactions: `SELECT order_id AS transaction_id, customer_id,
    to_char(placed_at AT TIME ZONE {zone}, 'YYYY-MM-DD') AS transaction_date,
    to_char(placed_at AT TIME ZONE {zone}, 'HH24:MI:SS') AS transaction_time, payment_method, shipping_address,
    (SELECT sum(line_total) FROM shop.order_items AS items WHERE items.order_id = orders.order_id) AS total_amount,
    'sale' AS transaction_type, status, country, updated_at
    FROM (${changedOrders}) AS orders ORDER BY order_id`,
  transaction_items: `SELECT order_id || '-' || line AS item_id, order_id AS transaction_id, product_id, quantity,
    unit_price, 0 AS discount_percentage, line_total FROM shop.order_items
    WHERE order_id IN (SELECT order_id FROM (${changedOrders}) AS orders) ORDER BY order_id, line`,
};

/** True when anything was ever ordered in the live shop. */
export async function hasOrders(postgres: Postgres): Promise<boolean> {
  return (await postgres.rows('SELECT 1 FROM shop.orders LIMIT 1')).length > 0;
}

/**
 * Writes what is new in the live shop as the four files, of one moment, into the folder, which only this user may enter;
 * gives the number of rows. The same shop gives the same bytes.
 */
export async function exportShop(postgres: Postgres, folder: string, timeZone: string): Promise<number> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return postgres.transaction(async (sql) => {
    await sql.run('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    let rows = 0;
    for (const table of tableNames) {
      const selection = selections[table].replaceAll('{zone}', sqlText(timeZone));
      const [counted] = await sql.rows<{ rows: number }>(`SELECT count(*) AS rows FROM (${selection}) AS selected`);
      rows += counted?.rows ?? 0;
      await sql.copyOut(
        `COPY (${selection}) TO STDOUT (FORMAT csv, HEADER)`,
        createWriteStream(join(folder, tableContracts[table].file)),
      );
    }
    return rows;
  });
}
