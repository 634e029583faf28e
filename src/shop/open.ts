/** Opens the live shop: fills its customers and products from a source that was loaded before. */
import { MillraceError } from '../kernel/errors.ts';
import type { Postgres } from '../stores/postgres/postgres.ts';

const copyCustomers = `INSERT INTO shop.customers
SELECT customer_id, first_name, last_name, email, phone, registration_date, city, state, country, age_group
FROM production.customers WHERE source = $1 ON CONFLICT DO NOTHING`;

const copyProducts = `INSERT INTO shop.products
SELECT product_id, product_name, category, sub_category, price, cost, brand, coalesce(stock_quantity, 0), supplier_id, metadata
FROM production.products WHERE source = $1 ON CONFLICT DO NOTHING`;

/**
 * Adds the source's customers and products that the shop does not have yet; gives how many.
 * Errors: MR-SHP-002 when the source has no products.
 */
export async function openShop(
  postgres: Postgres,
  source: string,
): Promise<{ readonly customers: number; readonly products: number }> {
  return postgres.transaction(async (sql) => {
    const known = await sql.rows('SELECT 1 FROM production.products WHERE source = $1 LIMIT 1', [source]);
    if (known.length === 0) throw new MillraceError('MR-SHP-002', { what: `source ${source}` });
    const customers = await sql.run(copyCustomers, [source]);
    const products = await sql.run(copyProducts, [source]);
    return { customers, products };
  });
}
