/** The events of the sample: repeatable, of the same shop as the CSV files, and shaped like visits. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { afterTheLast, makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import { judgeMacros } from '../../contracts/judge.ts';
import { type DuckDB, openDuckDB, sqlText } from '../../stores/duckdb/duckdb.ts';
import { generateSample, type Sample, type SampleOptions, sampleDefaults } from '../sample.ts';

const asOf = '2026-11-21';
const timeZone = 'Europe/Berlin';
const small: SampleOptions = {
  seed: 11,
  asOf,
  customers: 60,
  products: 40,
  transactions: 400,
  events: 8_000,
  timeZone,
};

const atEnd = afterTheLast();
let db: DuckDB;

beforeAll(async () => {
  db = await openDuckDB(':memory:', smallLimits(makeFolder(atEnd)));
  atEnd(() => db.close());
});

const fields = `{event_id: 'VARCHAR', event_type: 'VARCHAR', user_id: 'VARCHAR', session_id: 'VARCHAR',
  event_timestamp: 'TIMESTAMPTZ', device_type: 'VARCHAR', country_code: 'VARCHAR', traffic_source: 'VARCHAR',
  product_id: 'VARCHAR', product_category: 'VARCHAR', revenue_amount: 'DECIMAL(18,2)', properties: 'JSON'}`;

const csv = (paths: readonly string[]): string =>
  `read_csv([${paths.map(sqlText).join(', ')}], header = true, all_varchar = true, quote = '"', escape = '"', filename = true)`;

/**
 * Loads a sample: events (with the file each is in), sessions; customers, products as the last export has them; lines,
 * those of sales as the first export that has the order has them.
 */
async function load({ files, events, reference }: Sample, zone = timeZone): Promise<void> {
  const of = (name: string): readonly string[] => files.filter(({ table }) => table === name).map(({ path }) => path);
  await db.run(judgeMacros({ timeZone: zone, asOf }));
  await db.run(`CREATE OR REPLACE TABLE events AS SELECT * FROM read_json([${events.map(({ path }) => sqlText(path)).join(', ')}],
    format = 'newline_delimited', columns = ${fields}, filename = true)`);
  await db.run(`CREATE OR REPLACE TABLE sessions AS SELECT session_id, min(user_id) AS user_id, min(event_timestamp) AS begins,
      max(event_timestamp) AS ends, count(*) AS events, count(DISTINCT (user_id, device_type, country_code, traffic_source)) AS headers,
      ${['page_view', 'product_view', 'add_to_cart', 'begin_checkout', 'purchase'].map((type) => `count(*) FILTER (event_type = '${type}') AS ${type}s`).join(', ')}
    FROM events GROUP BY session_id`);
  for (const [table, key] of [
    ['customers', 'customer_id'],
    ['products', 'product_id'],
  ]) {
    await db.run(`CREATE OR REPLACE TABLE ${table} AS FROM ${csv(of(`${table}`))}
      QUALIFY row_number() OVER (PARTITION BY ${key} ORDER BY filename DESC) = 1`);
  }
  await db.run(`CREATE OR REPLACE TABLE lines AS
    WITH transactions AS (
      FROM ${csv(of('transactions'))} WHERE transaction_type = 'sale'
      QUALIFY row_number() OVER (PARTITION BY transaction_id ORDER BY filename) = 1),
    items AS (
      FROM ${csv(of('transaction_items'))} QUALIFY row_number() OVER (PARTITION BY item_id ORDER BY filename) = 1)
    SELECT transaction_id, customer_id, product_id, category, quantity::BIGINT AS quantity,
      line_total::DECIMAL(18,2) AS line_total, country,
      local_to_utc((transaction_date || ' ' || transaction_time)::TIMESTAMP) AS placed_at
    FROM transactions JOIN items USING (transaction_id) JOIN products USING (product_id)`);
  for (const name of ['catalog', 'profiles']) {
    const last = reference.filter((path) => path.endsWith(`${name}.parquet`)).at(-1) ?? '';
    await db.run(`CREATE OR REPLACE TABLE ${name} AS FROM ${sqlText(last)}`);
  }
}

const purchases = `(SELECT properties ->> 'order_id' AS transaction_id, user_id, product_id, product_category AS category,
  (properties ->> 'quantity')::BIGINT AS quantity, revenue_amount AS line_total, country_code, event_timestamp AS placed_at
  FROM events WHERE event_type = 'purchase')`;
const same = 'transaction_id, product_id, category, quantity, line_total, placed_at';

/** What must give no row, by the name of the rule. */
const violations: Readonly<Record<string, string>> = {
  'every order line is a purchase, with the same amount and time': `FROM lines ANTI JOIN ${purchases} USING (${same})`,
  'every purchase is an order line': `FROM ${purchases} ANTI JOIN lines USING (${same})`,
  'as many purchases as order lines': `SELECT 1 WHERE (SELECT count(*) FROM lines) <> (SELECT count(*) FROM ${purchases})`,
  'a customer buys as that customer, a guest as somebody else': `FROM ${purchases} bought JOIN lines USING (${same})
    WHERE coalesce(customer_id, '') <> user_id AND (customer_id IS NOT NULL OR NOT regexp_full_match(user_id, 'VIS\\d{6,}'))`,
  'ids are as documented': `FROM events WHERE NOT (regexp_full_match(event_id, 'EVT_[A-Z0-9]{16}')
    AND regexp_full_match(session_id, 'SES_[A-Z0-9]{16}')) IS TRUE`,
  'ids are unique': 'SELECT event_id FROM events GROUP BY ALL HAVING count(*) > 1',
  'required fields are there': `FROM events WHERE user_id IS NULL OR event_timestamp IS NULL`,
  'known words only': `FROM events WHERE NOT (event_type IN ('page_view', 'product_view', 'add_to_cart', 'remove_from_cart',
      'begin_checkout', 'purchase', 'search', 'signup', 'login') AND device_type IN ('mobile', 'desktop', 'tablet')
    AND traffic_source IN ('organic', 'paid_search', 'social', 'email', 'referral', 'direct')
    AND coalesce(country_code, 'DE') IN ('US', 'GB', 'DE', 'FR', 'CA', 'AU', 'NL', 'IT', 'ES', 'IN')) IS TRUE`,
  'a product where the type asks for one': `FROM events WHERE product_id IS NULL
    AND event_type IN ('product_view', 'add_to_cart', 'remove_from_cart', 'purchase')`,
  'products and their categories are those of the shop': `FROM events LEFT JOIN products USING (product_id)
    WHERE product_id IS NOT NULL AND (category = product_category) IS NOT TRUE`,
  'revenue on purchases only': `FROM events WHERE (revenue_amount IS NOT NULL) <> (event_type = 'purchase')`,
  'a search has its words': `FROM events WHERE event_type = 'search' AND coalesce(properties ->> 'query', '') = ''`,
  'a session is of one visitor, with one device and source': 'FROM sessions WHERE headers > 1',
  'within a session there are less than 30 minutes between events': `FROM (SELECT event_timestamp - lag(event_timestamp)
    OVER (PARTITION BY session_id ORDER BY event_timestamp) AS gap FROM events) WHERE gap >= INTERVAL 30 MINUTE`,
  'between two sessions of a visitor there are more than 30 minutes': `FROM (SELECT begins, max(ends) OVER (PARTITION BY user_id
    ORDER BY begins, ends ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ended FROM sessions)
    WHERE begins <= ended + INTERVAL 30 MINUTE`,
  'what is bought was looked at, put into the cart and brought to the till before, in the same session': `
    FROM events bought WHERE event_type = 'purchase' AND 3 > (
      SELECT count(DISTINCT event_type) FROM events before WHERE before.session_id = bought.session_id
        AND before.event_timestamp <= bought.event_timestamp
        AND (before.event_type IN ('product_view', 'add_to_cart') AND before.product_id = bought.product_id
          OR before.event_type = 'begin_checkout'))`,
  'a cart has only what was looked at': `FROM events added WHERE event_type = 'add_to_cart' AND NOT EXISTS (
    FROM events viewed WHERE viewed.session_id = added.session_id AND viewed.event_type = 'product_view'
      AND viewed.product_id = added.product_id AND viewed.event_timestamp <= added.event_timestamp)`,
  'a customer is there from the day of registration on': `FROM events JOIN customers ON user_id = customer_id
    WHERE event_timestamp < local_to_utc(registration_date::TIMESTAMP)`,
  "a signup is the customer's first event but one, on the day of registration": `
    FROM (SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY event_timestamp) AS place FROM events)
    LEFT JOIN customers ON user_id = customer_id WHERE event_type = 'signup' AND (place = 2
      AND timezone(getvariable('zone'), event_timestamp)::DATE = registration_date::DATE) IS NOT TRUE`,
  'an account is as old as its signup, and of the day of registration': `FROM profiles
    LEFT JOIN events ON profiles.user_id = events.user_id AND event_type = 'signup' JOIN customers ON customer_id = profiles.user_id
    WHERE account_created_at <> coalesce(event_timestamp, account_created_at)
      OR timezone(getvariable('zone'), account_created_at)::DATE <> registration_date::DATE`,
  'the catalogue has the products of the CSV files': `FROM products FULL JOIN catalog c USING (product_id)
    WHERE (c.product_name = products.product_name AND c.category = products.category AND c.subcategory = sub_category
      AND c.brand = products.brand AND c.price = products.price::DECIMAL(18,4) AND c.cost = products.cost::DECIMAL(18,4)
      AND is_in_stock = (stock_quantity::BIGINT > 0)) IS NOT TRUE`,
  'ratings are from 1 to 5, and there where somebody reviewed': `FROM catalog
    WHERE rating NOT BETWEEN 1 AND 5 OR (rating IS NULL) <> (review_count = 0) OR review_count < 0`,
  'the profiles are of the customers of the CSV files': `FROM customers FULL JOIN profiles p ON user_id = customer_id
    WHERE (p.city = customers.city AND p.is_email_subscribed IS NOT NULL AND p.country_code IS NOT NULL) IS NOT TRUE`,
};

async function brokenIn(zone = timeZone): Promise<readonly string[]> {
  await db.run(`SET VARIABLE zone = ${sqlText(zone)}`);
  const broken: string[] = [];
  for (const [rule, sql] of Object.entries(violations)) {
    if ((await db.rows(`${sql} LIMIT 1`)).length > 0) broken.push(rule);
  }
  return broken;
}

async function figures(sql: string): Promise<Readonly<Record<string, number>>> {
  return (await db.rows<Record<string, number>>(sql))[0] ?? {};
}

/** Every file below a folder with a hash of its content. */
const contents = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => `${path.slice(folder.length + 1)} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`);

async function made(options: SampleOptions, folder = makeFolder()): Promise<readonly string[]> {
  await generateSample(folder, options);
  return contents(folder);
}

describe('repeatable', () => {
  const machineZone = process.env.TZ;

  afterEach(() => {
    vi.useRealTimers();
    if (machineZone === undefined) delete process.env.TZ;
    else process.env.TZ = machineZone;
  });

  test('the same options give the same bytes, on another day and in another zone too', async () => {
    const options = { ...small, batches: 2 };
    const first = await made(options);
    expect(first.filter((file) => file.includes('.parquet ')).length).toBe(4);
    process.env.TZ = 'Pacific/Kiritimati';
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2031, 4, 5) });
    expect(await made(options)).toEqual(first);
  });

  test('another seed gives other events', async () => {
    const files = await made(small);
    const others = await made({ ...small, seed: 12 });
    for (const file of files) expect(others).not.toContain(file);
  });

  test.each([{}, { batches: 3 }, { batches: 2, dirty: 0.1 }])('events change no CSV file: %j', async (more) => {
    const tables = /(?:^|\/)(?:customers|products|transactions|transaction_items|manifest)\.csv |^batches\.json /;
    const both = await made({ ...small, ...more });
    expect(both.filter((file) => tables.test(file))).toEqual(await made({ ...small, ...more, events: 0 }));
  });
});

describe('files', () => {
  test('one of events per month, and two of reference data', async () => {
    const folder = makeFolder();
    const { events, reference } = await generateSample(folder, small);
    expect(events.length).toBe(25);
    expect(events[0]?.path).toBe(join(folder, 'events', 'events-2024-11.ndjson'));
    expect(reference).toEqual([join(folder, 'catalog.parquet'), join(folder, 'profiles.parquet')]);
    for (const { path, lines } of events) {
      const text = readFileSync(path, 'utf8');
      expect(text.split('\n').length).toBe(lines + 1);
    }
    expect(readdirSync(join(folder, 'events')).length).toBe(25);
  });

  test('an earlier sample in the folder leaves none behind', async () => {
    const folder = makeFolder();
    const first = await made({ ...small, asOf: '2020-01-15' }, folder);
    const second = await made(small, folder);
    expect(second.length).toBe(first.length);
    expect(second).toEqual(await made(small));
    await generateSample(folder, { ...small, events: 0 });
    expect(readdirSync(folder).every((name) => name.endsWith('.csv'))).toBe(true);
  });

  test('fields stand in the order of the contract, without those that have no value', async () => {
    const { events } = await generateSample(makeFolder(), small);
    const order = [...fields.matchAll(/(\w+): '/g)].map(([, name]) => name);
    for (const line of readFileSync(events[3]?.path ?? '', 'utf8')
      .trimEnd()
      .split('\n')) {
      const event = JSON.parse(line) as Record<string, unknown>;
      expect(Object.keys(event)).toEqual(order.filter((name) => name !== undefined && name in event));
      expect(Object.values(event)).not.toContain(null);
    }
  });
});

describe('any sample', () => {
  test('has the events asked for, or what its orders need, and breaks no rule', async () => {
    const options = fc.record({
      seed: fc.integer({ min: 0, max: 0xffff_ffff }),
      batches: fc.integer({ min: 1, max: 5 }),
      customers: fc.integer({ min: 1, max: 80 }),
      products: fc.integer({ min: 1, max: 60 }),
      transactions: fc.integer({ min: 1, max: 300 }),
      events: fc.integer({ min: 1, max: 9_000 }),
      timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Auckland'),
    });
    await fc.assert(
      fc.asyncProperty(options, async (chosen) => {
        const sample = await generateSample(makeFolder(atEnd), { ...chosen, asOf });
        await load(sample, chosen.timeZone);
        expect(await brokenIn(chosen.timeZone)).toEqual([]);
        const { total = 0, bought = 0 } = await figures(
          `SELECT count(*) AS total, count(*) FILTER (event_type = 'purchase') AS bought FROM events`,
        );
        expect(sample.events.reduce((sum, { lines }) => sum + lines, 0)).toBe(total);
        expect(total).toBeGreaterThanOrEqual(chosen.events);
        const ofTheLastDay = 300;
        if (chosen.events > 5 * bought) expect(total).toBeLessThan(chosen.events + ofTheLastDay);
      }),
      { numRuns: 6, endOnFailure: true },
    );
  });

  test('of fewer events than orders need has each order with hardly more than it needs', async () => {
    await load(await generateSample(makeFolder(atEnd), { ...small, events: 1 }));
    expect(await brokenIn()).toEqual([]);
    expect(
      await figures(`SELECT count(*) FILTER (event_type NOT IN ('begin_checkout', 'signup', 'page_view')) / count(*)
      FILTER (event_type = 'purchase') AS per_line, count(*) FILTER (purchases = 0) AS without FROM events JOIN sessions USING (session_id)`),
    ).toEqual({ per_line: 3, without: 0 });
  });

  test('of several exports has the events of each export in its folder, none after its day', async () => {
    const sample = await generateSample(makeFolder(atEnd), { ...small, batches: 3 });
    await load(sample);
    expect(await brokenIn()).toEqual([]);
    for (const [place, { folder, asOf: day }] of sample.batches.entries()) {
      const after = sample.batches[place - 1]?.asOf ?? '2000-01-01';
      const inFolder = `FROM events WHERE contains(filename, ${sqlText(`/${folder}/`)})`;
      const dayOf = `timezone(${sqlText(timeZone)}, event_timestamp + INTERVAL 1 HOUR)::DATE`;
      expect(
        await db.rows(`SELECT 1 ${inFolder} AND (timezone(${sqlText(timeZone)}, event_timestamp)::DATE > DATE ${sqlText(day)}
        OR ${dayOf} <= DATE ${sqlText(after)}) LIMIT 1`),
      ).toEqual([]);
      expect((await db.rows(`SELECT 1 ${inFolder} LIMIT 1`)).length).toBe(1);
    }
    expect(sample.reference.every((path) => existsSync(path))).toBe(true);
    const [first = '', last = ''] = [sample.reference[0], sample.reference[4]];
    const { earlier = 0, later = 0 } = await figures(`SELECT (SELECT count(*) FROM ${sqlText(first)}) AS earlier,
      (SELECT count(*) FROM ${sqlText(last)}) AS later`);
    expect(earlier).toBeLessThan(later);
  });
});

describe('the default sample', () => {
  beforeAll(async () => {
    const events = 200_000;
    await load(await generateSample(makeFolder(atEnd), { ...sampleDefaults, asOf, events, timeZone }));
  });

  test('breaks no rule', async () => {
    expect(await brokenIn()).toEqual([]);
  });

  test('has 200,000 events and the revenue of its sales', async () => {
    const { events, difference } = await figures(`SELECT count(*) AS events,
      (SELECT sum(line_total) FROM lines) - sum(revenue_amount) AS difference FROM events`);
    expect([events, difference]).toEqual([200_000, 0]);
  });

  test('loses visitors from stage to stage', async () => {
    const {
      site = 0,
      product = 0,
      cart = 0,
      checkout = 0,
      purchase = 0,
    } = await figures(`SELECT count(*) AS site,
      count(*) FILTER (product_views > 0) AS product, count(*) FILTER (add_to_carts > 0) AS cart,
      count(*) FILTER (begin_checkouts > 0) AS checkout, count(*) FILTER (purchases > 0) AS purchase FROM sessions`);
    expect(site).toBeGreaterThan(1.5 * product);
    expect(product).toBeGreaterThan(1.5 * cart);
    expect(cart).toBeGreaterThan(1.1 * checkout);
    expect(checkout).toBeGreaterThan(1.08 * purchase);
  });

  test('has 35 to 40 % of sessions that end with their first page', async () => {
    const { share } = await figures('SELECT avg((events = 1 AND page_views = 1)::INTEGER) AS share FROM sessions');
    expect(share).toBeGreaterThan(0.35);
    expect(share).toBeLessThan(0.4);
  });

  test('comes mostly by phone, in every way', async () => {
    const { mobile, desktop, tablet, organic, email } = await figures(`SELECT
      avg((device_type = 'mobile')::INTEGER) AS mobile, avg((device_type = 'desktop')::INTEGER) AS desktop,
      avg((device_type = 'tablet')::INTEGER) AS tablet, avg((traffic_source = 'organic')::INTEGER) AS organic,
      avg((traffic_source = 'email')::INTEGER) AS email FROM (SELECT DISTINCT ON (session_id) * FROM events)`);
    expect([mobile, desktop, tablet].map((share) => Math.round(20 * (share ?? 0)) / 20)).toEqual([0.6, 0.35, 0.05]);
    expect(organic).toBeGreaterThan(email ?? 1);
    expect(email).toBeGreaterThan(0.05);
  });

  test('is busier in the evening than in the morning, at weekends than on working days', async () => {
    const {
      evening = 0,
      morning = 0,
      weekend = 0,
      workday = 0,
    } = await figures(`
      WITH begun AS (SELECT timezone(${sqlText(timeZone)}, begins) AS moment FROM sessions)
      SELECT count(*) FILTER (hour(moment) IN (19, 20, 21)) AS evening, count(*) FILTER (hour(moment) IN (6, 7, 8)) AS morning,
        count(*) FILTER (isodow(moment) > 5) / 2 AS weekend, count(*) FILTER (isodow(moment) < 6) / 5 AS workday FROM begun`);
    expect(evening).toBeGreaterThan(2.5 * morning);
    expect(weekend).toBeGreaterThan(1.1 * workday);
  });

  test('divides customers into segments that fit what they did', async () => {
    const rows = await db.rows<{
      user_segment: string;
      users: number;
      orders: number;
      visits: number;
      created: number;
    }>(
      `SELECT user_segment, count(*) AS users, avg(coalesce(orders, 0)) AS orders, avg(coalesce(visits, 0)) AS visits,
         min(epoch(account_created_at)) AS created
       FROM profiles LEFT JOIN (SELECT user_id, count(*) FILTER (purchases > 0) AS orders,
         count(*) FILTER (purchases = 0) AS visits FROM sessions GROUP BY ALL) USING (user_id) GROUP BY ALL`,
    );
    const of = (name: string) => rows.find(({ user_segment }) => user_segment === name) ?? rows[0];
    const [power, browser, occasional, newcomer] = ['power_buyer', 'browser', 'occasional', 'new_user'].map(of);
    expect([power?.users, browser?.users, occasional?.users, newcomer?.users]).toEqual([50, 300, 450, 200]);
    expect(power?.orders).toBeGreaterThan(3 * (occasional?.orders ?? 0));
    expect(browser?.visits).toBeGreaterThan(2 * (occasional?.visits ?? 0));
    expect(browser?.orders).toBeLessThan(occasional?.orders ?? 0);
    const { latest = 0 } = await figures(
      `SELECT max(epoch(account_created_at)) AS latest FROM profiles WHERE user_segment <> 'new_user'`,
    );
    expect(newcomer?.created).toBeGreaterThan(latest - 86_400);
  });

  test('has a rating for most products, and reviews', async () => {
    const { unrated = 0, reviews = 0 } = await figures(
      'SELECT count(*) FILTER (rating IS NULL) AS unrated, avg(review_count) AS reviews FROM catalog',
    );
    expect(unrated).toBeGreaterThan(4);
    expect(unrated).toBeLessThan(50);
    expect(reviews).toBeGreaterThan(10);
  });
});
