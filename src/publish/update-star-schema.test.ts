/** Publications that change the rows of published tables: PostgreSQL ends with what the DuckDB file has, or is copied anew. */
import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import pg from 'pg';
import { describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { makeFolder, memoryDatabase, smallShop } from '../../tests/setup/fixtures.ts';
import { load, makePipeline, type Pipeline, smallShopAnd, smallWarehouse } from '../../tests/setup/pipeline.ts';
import { compareWithFile, tableIds } from '../../tests/setup/published.ts';
import { extractProduction } from '../ingest/extract.ts';
import { currentFiles } from '../ingest/lake-files.ts';
import { type DuckDB, sqlText } from '../stores/duckdb/duckdb.ts';
import { type PublishOptions, type PublishResult, publish } from './publish.ts';
import { publishedPath } from './warehouse.ts';

/** A row of the table with a key. */
interface KeyedRow {
  readonly id: number;
  readonly name: string | null;
  readonly day: string | null;
  readonly amount: string | null;
  readonly tags: readonly (number | null)[] | null;
}

/** What the models of the small star schema hold. */
interface Contents {
  readonly keyed: readonly KeyedRow[];
  /** Rows without a key, of which some are the same. */
  readonly bare: readonly { readonly n: number | null; readonly text: string | null }[];
  /** In every row of both tables. */
  readonly today: number;
  /** Gives the table with a key a column more. */
  readonly wide: boolean;
}

const someContents: Contents = {
  keyed: [
    { id: 1, name: 'one', day: '2024-02-29', amount: '0.1', tags: [1, null] },
    { id: 2, name: null, day: null, amount: null, tags: null },
  ],
  bare: [
    { n: 1, text: 'twice' },
    { n: 1, text: 'twice' },
  ],
  today: 1,
  wide: false,
};

/** A change of both tables at once. */
const ofDay = (today: number): Contents => ({ ...someContents, today });

const rowsOf = (rows: readonly object[], shape: string): string =>
  `(SELECT unnest(from_json(${sqlText(JSON.stringify(rows))}, ${sqlText(`[${shape}]`)})) AS r)`;

const keyedShape = '{"id":"BIGINT","name":"VARCHAR","day":"DATE","amount":"VARCHAR","tags":"INTEGER[]"}';

/** Writes the files that the models read. */
async function write(duckdb: DuckDB, folder: string, { keyed, bare, today, wide }: Contents): Promise<void> {
  await duckdb.run(`COPY (
    SELECT r.id, r.name, r.day, r.day::TIMESTAMPTZ AS at, r.amount::DOUBLE AS amount, TRY_CAST(r.amount::DOUBLE AS FLOAT) AS single,
      (r.id * 1.25)::DECIMAL(18,2) AS price, r.tags, ${today} AS today ${wide ? ', 1 AS more' : ''}
    FROM ${rowsOf(keyed, keyedShape)}) TO ${sqlText(join(folder, 'keyed.parquet'))};
  COPY (SELECT r.n, r.text, ${today} AS today FROM ${rowsOf(bare, '{"n":"INTEGER","text":"VARCHAR"}')})
    TO ${sqlText(join(folder, 'bare.parquet'))}`);
}

interface StarSchema {
  readonly context: Pipeline;
  readonly publish: (contents: Contents) => Promise<PublishResult>;
  /** Publishes, and checks that tables have what the file has; tells whether they are new ones. */
  readonly publishAndCompare: (contents: Contents) => Promise<'copied' | 'updated'>;
}

/** A home whose star schema has what it is told, through models that stay the same. */
async function makeStarSchema(): Promise<StarSchema> {
  const folder = makeFolder();
  const duckdb = await memoryDatabase();
  const project = smallWarehouse({
    'dbt_project.yml': 'name: shop\nmodels:\n  +materialized: table\n',
    'models/marts/keyed.sql': `select * from read_parquet('${folder}/keyed.parquet')`,
    'models/marts/bare.sql': `select * from read_parquet('${folder}/bare.parquet')`,
    'models/marts/keyed.yml': `models:
  - name: keyed
    description: Rows with a key
    columns:
      - name: id
        data_tests: [unique, not_null]
`,
  });
  const context = await makePipeline(undefined, { loadProject: () => project });
  await load(context.postgres, smallShop, { clock: context.clock });
  const { files } = await extractProduction(context);
  const publishContents = async (contents: Contents): Promise<PublishResult> => {
    await write(duckdb, folder, contents);
    return publish(context, await project, files, { always: true });
  };
  const publishAndCompare = async (contents: Contents): Promise<'copied' | 'updated'> => {
    const before = await tableIds(context);
    const { rows } = await publishContents(contents);
    expect(rows).toEqual({ bare: contents.bare.length, keyed: contents.keyed.length });
    expect(await compareWithFile(context, (await project).manifest)).toEqual(
      ['bare', 'keyed'].map((name) => ({ name, more: 0, fewer: 0, rows: rows[name] })),
    );
    const after = await tableIds(context);
    const kept = Object.keys(after).filter((name) => before[name] === after[name]);
    expect([0, 2]).toContain(kept.length);
    return kept.length === 0 ? 'copied' : 'updated';
  };
  return { context, publish: publishContents, publishAndCompare };
}

const text = fc.option(fc.constantFrom('', 'a,b', 'ü "q"', '\\N', 'two\nlines', 'NULL'));

const contents: fc.Arbitrary<Contents> = fc.record({
  keyed: fc.uniqueArray(
    fc.record({
      id: fc.integer({ min: -3, max: 12 }),
      name: text,
      day: fc.option(fc.constantFrom('2024-02-29', '1999-12-31')),
      amount: fc.option(fc.constantFrom('0.1', '1e300', '-1e-300', 'NaN', '-inf', '3')),
      tags: fc.option(fc.array(fc.option(fc.integer({ min: 0, max: 2 })), { maxLength: 2 })),
    }),
    { maxLength: 12, selector: ({ id }) => id },
  ),
  bare: fc.array(fc.record({ n: fc.option(fc.integer({ min: 0, max: 1 })), text }), { maxLength: 4 }),
  today: fc.integer({ min: 1, max: 2 }),
  wide: fc.constantFrom(false, false, false, true),
});

/** How many homes are made, each of several publications. */
const numRuns = Number(process.env.UPDATE_RUNS ?? 3);

test('whatever changes, PostgreSQL has what the file has', { timeout: 60_000 * numRuns }, async () => {
  const followed = fc.array(fc.oneof(contents, fc.constant('again' as const)), { minLength: 3, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(contents, followed, async (first, others) => {
      const { publishAndCompare } = await makeStarSchema();
      expect(await publishAndCompare(first)).toBe('copied');
      let former = first;
      for (const other of others) {
        const next = other === 'again' ? former : other;
        expect(await publishAndCompare(next)).toBe(next.wide === former.wide ? 'updated' : 'copied');
        former = next;
      }
    }),
    { numRuns },
  );
});

/** A table of so many rows, of which the name and a date tell a number. */
const many = (count: number, number: number): Contents => ({
  ...someContents,
  keyed: Array.from({ length: count }, (_, id) => ({
    id,
    name: String(number),
    day: `2024-01-0${number}`,
    amount: '1',
    tags: null,
  })),
});

test('where more changes than a copy costs, all is copied', async () => {
  const schema = await makeStarSchema();
  await schema.publish(many(1000, 1));
  // A thousand rows to delete and as many to insert, since a column with an index changes.
  expect(await schema.publishAndCompare(many(1000, 2))).toBe('copied');
  expect(await schema.publishAndCompare(many(1200, 2))).toBe('updated');
  // Values that change by themselves are updated, however many.
  expect(await schema.publishAndCompare({ ...many(1200, 2), today: 2 })).toBe('updated');
  const [rewritten] = await schema.context.postgres.rows(
    `SELECT rewritten FROM ops.published_tables WHERE table_name = 'keyed'`,
  );
  expect(rewritten).toEqual({ rewritten: 200 });
});

test.each([
  ['many rows were rewritten', 'UPDATE ops.published_tables SET rewritten = 20000'],
  [
    'they come from many transactions',
    `UPDATE ops.published_tables SET written_by = written_by || array_fill('4'::xid, ARRAY[100])`,
  ],
])('after publications by which %s tables are copied', async (_, statement) => {
  const schema = await makeStarSchema();
  await schema.publish(someContents);
  await schema.context.postgres.run(statement);
  expect(await schema.publishAndCompare(someContents)).toBe('copied');
  expect(await schema.publishAndCompare(someContents)).toBe('updated');
});

test('what is not as it was published is copied, and so made good', { timeout: 120_000 }, async () => {
  const schema = await makeStarSchema();
  const { postgres } = schema.context;
  await schema.publish(someContents);
  const damages = [
    'DELETE FROM warehouse.keyed WHERE id = 1',
    `UPDATE warehouse.bare SET text = 'once' WHERE ctid = (SELECT min(ctid) FROM warehouse.bare)`,
    'INSERT INTO warehouse.keyed (id) VALUES (7)',
    'CREATE TEMP TABLE kept AS TABLE warehouse.bare; DELETE FROM warehouse.bare; INSERT INTO warehouse.bare TABLE kept',
    'TRUNCATE warehouse.keyed',
    'DROP TABLE warehouse.keyed',
    'DROP TABLE warehouse.keyed, warehouse.bare',
    'CREATE TABLE warehouse.other AS TABLE warehouse.bare; DROP TABLE warehouse.bare; ALTER TABLE warehouse.other RENAME TO bare',
    'ALTER TABLE warehouse.keyed DROP COLUMN amount',
    'ALTER TABLE warehouse.keyed DROP CONSTRAINT keyed_pkey',
    'DROP INDEX warehouse.keyed_day_idx',
    'CREATE INDEX ON warehouse.bare (n)',
    'CREATE SCHEMA mine; CREATE VIEW mine.seen AS TABLE warehouse.keyed',
    'CREATE TABLE mine.refers (id bigint REFERENCES warehouse.keyed)',
    'ALTER TABLE warehouse.bare ADD CHECK (n < 100)',
    `COMMENT ON TABLE warehouse.keyed IS 'mine'`,
    'CREATE TABLE warehouse.mine (n integer)',
    'CREATE VIEW warehouse.mine AS SELECT 1 AS n',
    'ALTER TABLE warehouse.keyed ENABLE ROW LEVEL SECURITY',
    'DELETE FROM ops.published_tables',
    `DELETE FROM ops.published_tables WHERE table_name = 'bare'`,
    `UPDATE ops.published_tables SET publication_id = 'pub_other'`,
  ];
  for (const damage of damages) {
    expect([damage, await schema.publishAndCompare(someContents)]).toEqual([damage, 'updated']);
    await postgres.run(damage);
    expect([damage, await schema.publishAndCompare(someContents)]).toEqual([damage, 'copied']);
  }
});

test('beside a file of another publication all is copied', async () => {
  const schema = await makeStarSchema();
  await schema.publish(ofDay(1));
  const path = publishedPath(schema.context.home);
  copyFileSync(path, `${path}.first`);
  await schema.publish(ofDay(2));
  renameSync(`${path}.first`, path);
  expect(await schema.publishAndCompare(ofDay(1))).toBe('copied');
});

async function connect({ postgres }: Pipeline): Promise<pg.Client> {
  const [database] = await postgres.rows<{ name: string }>('SELECT current_database() AS name');
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${database?.name}`;
  const client = new pg.Client(url.href);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

const days = `SELECT (SELECT min(today) FROM warehouse.keyed) AS keyed, (SELECT max(today) FROM warehouse.bare) AS bare`;

describe('a reader', () => {
  test('goes on in what it has begun with, while others find what is new', async () => {
    const schema = await makeStarSchema();
    await schema.publish(ofDay(1));
    const reader = await connect(schema.context);
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    expect((await reader.query('SELECT max(today) AS keyed FROM warehouse.keyed')).rows).toEqual([{ keyed: 1 }]);
    expect(await schema.publishAndCompare(ofDay(2))).toBe('updated');
    expect((await reader.query(days)).rows).toEqual([{ keyed: 1, bare: 1 }]);
    expect(await schema.context.postgres.rows(days)).toEqual([{ keyed: 2, bare: 2 }]);
    await reader.query('COMMIT');
    expect((await reader.query(days)).rows).toEqual([{ keyed: 2, bare: 2 }]);
  });

  test('finds all of one publication, however many follow each other', async () => {
    const schema = await makeStarSchema();
    await schema.publish(ofDay(1));
    const reader = await connect(schema.context);
    const seen = new Set<number>();
    let done = false;
    const reading = (async () => {
      while (!done) {
        const [row] = (await reader.query<{ keyed: number; bare: number }>(days)).rows;
        expect(row?.keyed).toBe(row?.bare);
        seen.add(row?.keyed ?? 0);
      }
    })();
    for (const day of [2, 3, 4]) expect(await schema.publishAndCompare(ofDay(day))).toBe('updated');
    done = true;
    await reading;
    expect(seen.size).toBeGreaterThan(1);
  });
});

test('somebody who changes rows is not waited for: all is copied', async () => {
  const schema = await makeStarSchema();
  await schema.publish(ofDay(1));
  const writer = await connect(schema.context);
  await writer.query('BEGIN; UPDATE warehouse.keyed SET today = 7');
  expect(await schema.publishAndCompare(ofDay(2))).toBe('copied');
  await writer.query('ROLLBACK');
});

test('nor is one who waits for the publication in turn', async () => {
  const schema = await makeStarSchema();
  await schema.publish(ofDay(1));
  const writer = await connect(schema.context);
  // The publication is the one to find out that nobody can go on.
  await writer.query(`SET deadlock_timeout = '1min'; BEGIN; LOCK TABLE warehouse.keyed`);
  const publishing = schema.publish(ofDay(2));
  const waiting = `SELECT FROM pg_locks WHERE relation = 'warehouse.keyed'::regclass AND NOT granted`;
  await vi.waitUntil(async () => (await writer.query(waiting)).rowCount === 1, { timeout: 30_000, interval: 5 });
  await writer.query('LOCK TABLE warehouse.bare');
  await publishing;
  await writer.query('ROLLBACK');
  expect(await schema.context.postgres.rows(days)).toEqual([{ keyed: 2, bare: 2 }]);
});

test('an update that fails leaves yesterday, and all of it', async () => {
  const schema = await makeStarSchema();
  const { postgres } = schema.context;
  await schema.publish(ofDay(1));
  const state = async (): Promise<unknown> => [
    await tableIds(schema.context),
    await postgres.rows(days),
    await postgres.rows('SELECT * FROM ops.published_tables ORDER BY 1'),
  ];
  const before = await state();
  await postgres.run('ALTER TABLE ops.publications ADD CONSTRAINT planted CHECK (false) NOT VALID');
  await expect(schema.publish(ofDay(2))).rejects.toThrow('planted');
  expect(await state()).toEqual(before);
  await postgres.run('ALTER TABLE ops.publications DROP CONSTRAINT planted');
  expect(await schema.publishAndCompare(ofDay(2))).toBe('updated');
});

test('grants stay, and the two reader roles have what is theirs', async () => {
  const schema = await makeStarSchema();
  const { postgres } = schema.context;
  await schema.publish(ofDay(1));
  await postgres.run(
    'GRANT DELETE ON warehouse.keyed TO bi_reader; REVOKE SELECT ON warehouse.bare FROM pii_reader; GRANT SELECT ON warehouse.bare TO PUBLIC',
  );
  expect(await schema.publishAndCompare(ofDay(2))).toBe('updated');
  const granted = await postgres.rows<{ granted: string }>(
    `SELECT table_name || ' ' || grantee || ' ' || privilege_type AS granted FROM information_schema.role_table_grants
     WHERE table_schema = 'warehouse' AND grantee <> current_user ORDER BY 1`,
  );
  expect(granted.map((each) => each.granted)).toEqual([
    'bare PUBLIC SELECT',
    'bare bi_reader SELECT',
    'bare pii_reader SELECT',
    'keyed bi_reader SELECT',
    'keyed pii_reader SELECT',
  ]);
});

test('of the whole star schema rows change by which customers, products and sales have changed, emails too', async () => {
  const context = await makePipeline();
  const { manifest } = await context.loadProject();
  const publishFiles = async (options: PublishOptions = {}): Promise<void> => {
    await extractProduction(context);
    await publish(context, await context.loadProject(), await currentFiles(context.postgres), options);
  };
  const state = async (): Promise<unknown> => [
    await compareWithFile(context, manifest),
    await context.postgres.rows('SELECT customer_key, email FROM warehouse.dim_customers ORDER BY 1'),
  ];
  await load(context.postgres, smallShop, { clock: context.clock, asOf: '2024-03-31' });
  await publishFiles();
  const before = await tableIds(context);
  const more = smallShopAnd({
    'customers.csv': ['C3,Cy,Dahl,cy@example.com,,2024-04-01,Oslo,,Norway,25-34'],
    'transactions.csv': ['T5,C3,2024-04-02,12:00,UPI,,71.00,sale,completed'],
    'transaction_items.csv': ['I6,T5,P2,2,35.50,0,71.00'],
  });
  const moved = { ...more, 'customers.csv': String(more['customers.csv']).replace('bo@', 'bob@') };
  await load(context.postgres, moved, { clock: context.clock, asOf: '2024-04-30' });
  await publishFiles();
  expect(await tableIds(context)).toEqual(before);
  const updated = await state();
  await publishFiles({ fullRefresh: true });
  expect(await tableIds(context)).not.toEqual(before);
  expect(updated).toEqual(await state());
  expect(JSON.stringify(updated)).toContain('bob@example.com');
  expect(JSON.stringify(updated)).toContain('"fewer":0');
  expect(JSON.stringify(updated)).not.toMatch(/"(more|fewer)":[1-9]/);
});
