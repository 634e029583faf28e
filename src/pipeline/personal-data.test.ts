/** Personal data planted in every text that comes in: none of it is in the processed lake, the published file or what is reported. */
import { createHmac } from 'node:crypto';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { event, heldEvents, inLake, ndjson } from '../../tests/setup/events.ts';
import { afterTheLast, smallShop, writeFiles } from '../../tests/setup/fixtures.ts';
import { makePipeline, runPipeline, tickingClock } from '../../tests/setup/pipeline.ts';
import { openPublished } from '../publish/warehouse.ts';
import { type DuckDB, openDuckDB, type Row, sqlName, sqlPath, sqlText } from '../stores/duckdb/duckdb.ts';
import type { PipelineContext } from './run.ts';

const atEnd = afterTheLast();

/** What must not be found: parts of texts, in small letters, and runs of digits. */
const texts: string[] = ['zebedina', 'quuxworth', '77 planted street'];
const digits: string[] = ['442079460000'];

const domain = 'inboxly.example';
const customerEmail = `zebedina.quuxworth@${domain}`;

const email = (): string => {
  const local = `planted-${texts.length}`;
  texts.push(`${local}@`, `${local}%40`, `${local}\\u0040`);
  return `${local}@${domain}`;
};

const number = (): string => String(digits.length).padStart(3, '0');

const phone = (): string => {
  const last = number();
  digits.push(`4420794600${last}`.slice(0, 13));
  return `+44 20 7946 00${last}`;
};

/** A card number of its own, with its check digit. */
const card = (): string => {
  const body = `411111123456${number()}`;
  const sum = [...body].reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  digits.push(`${body}${(10 - (sum % 10)) % 10}`);
  return digits.at(-1) ?? '';
};

const grouped = (text: string): string => text.replaceAll(/(.{4})(?=.)/g, '$1 ');
const escaped = (text: string): string =>
  [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

const inEvery = (draw: () => string) => [
  event({ user_id: draw() }),
  event({ user_id: `user ${draw()}` }),
  event({ session_id: draw() }),
  event({ product_id: draw() }),
  event({ product_category: `for ${draw()}!` }),
  event({ properties: { note: `call ${draw()}, or not`, list: [1, { deep: draw() }] } }),
  event({ properties: { [draw()]: true, nested: { [draw()]: draw() } } }),
  event({ properties: { order_id: draw() } }),
  event({ properties: { payload: JSON.stringify({ inner: draw() }) } }),
  event({ contact_info: draw() }),
  event({ [draw()]: 'in the name of a field' }),
  event({ [`a field for ${draw()}`]: { inner: draw() } }),
  event({ device_type: draw() }),
  event({ event_type: `x ${draw()}`, user_id: draw(), properties: { note: draw() } }),
  event({ traffic_source: draw(), another_field: draw() }),
  JSON.stringify(event({ user_id: 'HERE', properties: { note: 'HERE' } })).replaceAll('HERE', () => escaped(draw())),
  `{"broken":"${draw()}"`,
];

const lines = [
  ...[email, phone, card, () => grouped(card())].flatMap(inEvery),
  event({ event_id: card() }),
  event({ properties: { paid_with: Number(card()), phone: Number(phone().replaceAll(/\D/g, '')) } }),
  event({ properties: { page: `/account?email=${encodeURIComponent(email())}` } }),
  JSON.stringify(event({ phone_number: 'HERE' })).replace('"HERE"', phone().replaceAll(/\D/g, '')),
  event({ user_id: customerEmail, session_id: 'of a customer' }),
  event({ user_id: ` ${customerEmail.toUpperCase()} `, session_id: 'of a customer' }),
  ...['0306406152', '07911123456'].map((order_id) => event({ session_id: 'of an order', properties: { order_id } })),
];

const shop = {
  ...smallShop,
  'customers.csv': smallShop['customers.csv']
    .replace('Ada,Berg, Ada@Example.com ', `Zebedina,Quuxworth,${customerEmail}`)
    .replace('bo@example.com', email()),
  'transactions.csv': smallShop['transactions.csv'].replace('1 High Street', '77 Planted Street'),
};

async function writeReference(folder: string, context: PipelineContext): Promise<void> {
  const duckdb = await openDuckDB(':memory:', context.duckdb);
  const write = (name: string, rows: readonly Row[]): Promise<void> => {
    const path = join(folder, `${name}.json`);
    writeFileSync(path, ndjson(rows));
    return duckdb.run(
      `COPY (FROM read_json(${sqlText(path)}, format = 'newline_delimited')) TO ${sqlText(path.replace('.json', '.parquet'))}
       (FORMAT parquet)`,
    );
  };
  const product = (product_id: string) => ({
    product_id,
    product_name: `from ${email()}`,
    category: phone(),
    subcategory: card(),
    brand: `a brand, ${email()}`,
  });
  const profile = (user_id: string) => ({
    user_id,
    user_segment: email(),
    preferred_device: phone(),
    acquisition_source: `by ${email()}`,
    city: `London, ${phone()}`,
  });
  await write('catalog', [product('P1'), product(email()), product(card()), { ...product('P2'), price: -1 }]);
  await write('profiles', [profile('C1'), profile(customerEmail), profile(phone()), profile(grouped(card()))]);
  duckdb.close();
}

let context: PipelineContext;

beforeAll(async () => {
  context = await makePipeline(atEnd, { clock: tickingClock('2024-06-01T12:00:00Z') });
  const folder = writeFiles(shop, atEnd);
  await writeReference(folder, context);
  mkdirSync(join(folder, 'events'));
  writeFileSync(join(folder, 'events', 'a.ndjson'), ndjson(lines));
  await runPipeline(context, 'csv', folder);
});

/** What a text has of what was planted. */
function plantedIn(text: string): readonly string[] {
  const small = text.toLowerCase();
  const numbers = text.replaceAll(/[^0-9]/g, '');
  return [...texts.filter((each) => small.includes(each)), ...digits.filter((each) => numbers.includes(each))];
}

/** Where planted data stands among the rows of a relation: 'place: text'. */
async function findIn(duckdb: DuckDB, place: string, relation: string): Promise<readonly string[]> {
  const rows = await duckdb.rows(`SELECT COLUMNS(*)::VARCHAR FROM ${relation}`);
  return rows.flatMap((row) =>
    Object.entries(row).flatMap(([column, value]) =>
      plantedIn(String(value)).length > 0 ? [`${place}.${column}: ${value}`] : [],
    ),
  );
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

test('the search finds what was planted where it may be', async () => {
  const held = await context.postgres.rows<{ content: string }>('SELECT content::text FROM ops.quarantine');
  const found = held.filter(({ content }) => plantedIn(JSON.parse(content).record ?? '').length > 0);
  expect(found.length).toBeGreaterThan(12);
  expect(plantedIn(JSON.stringify(shop))).toEqual(expect.arrayContaining(['zebedina', '442079460000']));
  expect(await heldEvents(context)).toHaveLength(4 * 4);
});

test('no file of the processed lake has any', async () => {
  const duckdb = await openDuckDB(':memory:', context.duckdb);
  const files = filesBelow(context.lake.locate('processed'));
  expect(files.filter((path) => path.endsWith('.parquet'))).toEqual(files);
  const found: string[] = [];
  for (const path of files) {
    expect(plantedIn(path)).toEqual([]);
    found.push(...(await findIn(duckdb, path, `read_parquet(${sqlPath(path)})`)));
  }
  duckdb.close();
  expect(found).toEqual([]);
  for (const dataset of ['events', 'event_ids', 'catalog', 'profiles']) {
    expect(files.some((path) => path.includes(`/${dataset}/`))).toBe(true);
  }
  expect(await inLake(context, 'SELECT count(*) AS count FROM events')).toEqual([{ count: lines.length - 16 }]);
});

test('no relation of the published file has any', async () => {
  const duckdb = await openPublished(context.home, context.duckdb);
  const relations = await duckdb.rows<{ schema: string; name: string }>(
    'SELECT table_schema AS schema, table_name AS name FROM information_schema.tables',
  );
  expect(relations.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['stg_users', 'int_sessions', 'dim_customers']),
  );
  const found: string[] = [];
  for (const { schema, name } of relations) {
    found.push(...(await findIn(duckdb, name, `${sqlName(schema)}.${sqlName(name)}`)));
  }
  expect(found).toEqual([]);
  const [token] = await duckdb.rows(`SELECT email_token FROM dim_customers WHERE customer_id = 'C1'`);
  expect(await duckdb.rows(`SELECT DISTINCT user_id FROM stg_events WHERE session_id = 'of a customer'`)).toEqual([
    { user_id: token?.email_token },
  ]);
  expect(token?.email_token).toBe(createHmac('sha256', context.pseudonymKey).update(customerEmail).digest('hex'));
  expect(
    await duckdb.rows(`SELECT order_id FROM stg_events WHERE session_id = 'of an order' ORDER BY order_id`),
  ).toEqual([{ order_id: '0306406152' }, { order_id: '07911123456' }]);
  duckdb.close();
});

test('nothing that is reported of it has any', async () => {
  const found: string[] = [];
  for (const table of ['drift', 'changed_keys', 'lake_files', 'audit_log', 'runs', 'ledger', 'quality_results']) {
    const rows = await context.postgres.rows<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM ops.${table} AS t`);
    expect(rows.length, table).toBeGreaterThan(0);
    found.push(...rows.filter(({ row }) => plantedIn(row).length > 0).map(({ row }) => `${table}: ${row}`));
  }
  expect(found).toEqual([]);
});

test('what was received is kept for its owner alone', () => {
  const raw = join(context.home, 'raw');
  const entries = readdirSync(raw, { recursive: true, withFileTypes: true });
  const modes = entries.map((entry) => {
    const { mode } = statSync(join(entry.parentPath, entry.name));
    return `${entry.isDirectory() ? 'folder' : 'file'} ${(mode & 0o777).toString(8)}`;
  });
  expect([...new Set([...modes, `folder ${(statSync(raw).mode & 0o777).toString(8)}`])].sort()).toEqual([
    'file 600',
    'folder 700',
  ]);
});
