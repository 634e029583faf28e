/** Publication: all of it or nothing, in DuckDB and PostgreSQL alike, waiting for no reader. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { event, ingest, ndjson } from '../../tests/setup/events.ts';
import { smallLimits, smallShop } from '../../tests/setup/fixtures.ts';
import { addToLake, smallCatalog, smallClicks, smallProfiles } from '../../tests/setup/lake.ts';
import { load, makePipeline, type Pipeline, smallShopAnd, smallWarehouse } from '../../tests/setup/pipeline.ts';
import { compareWithFile } from '../../tests/setup/published.ts';
import { verifyAudit } from '../audit/audit.ts';
import { lakeShapes } from '../ingest/events/lake-shape.ts';
import { extractProduction } from '../ingest/extract.ts';
import { currentFiles } from '../ingest/lake-files.ts';
import { type DuckDB, openDuckDB } from '../stores/duckdb/duckdb.ts';
import type { NodeResult } from '../transform/run/results.ts';
import type { Session } from '../transform/session.ts';
import { type PublishResult, publish, recoverPublication } from './publish.ts';
import { sourceViews } from './sources.ts';
import { postgresType, publishedModels } from './star-tables.ts';
import { openPublished, publishedPath, readPublication, warehouseFolder } from './warehouse.ts';

const oneMoreSale = smallShopAnd({
  'transactions.csv': ['T5,C2,2024-03-07,12:00,UPI,,20.00,sale,completed'],
  'transaction_items.csv': ['I6,T5,P1,1,20.00,0,20.00'],
});

/** The small shop in production, and a project of one table unless the whole one is asked for. */
async function loaded(project?: 'whole'): Promise<Pipeline> {
  const small = smallProject();
  const context = await makePipeline(undefined, project ? {} : { loadProject: () => small });
  await load(context.postgres, smallShop, { clock: context.clock });
  return context;
}

interface Asked {
  readonly project?: Promise<Session>;
  readonly always?: boolean;
  readonly fullRefresh?: boolean;
  readonly onNode?: (result: NodeResult) => void;
}

async function publishAll(context: Pipeline, { project, ...options }: Asked = {}): Promise<PublishResult> {
  const { files } = await extractProduction(context);
  return publish(context, await (project ?? context.loadProject()), files, options);
}

/** A project of one table, for what does not depend on the models; more of its files, or other ones. */
const smallProject = (files: Readonly<Record<string, string>> = {}): Promise<Session> =>
  smallWarehouse({
    'dbt_project.yml': 'name: shop\nmodels:\n  +materialized: table\n',
    'models/sources.yml': 'sources:\n  - name: production\n    tables:\n      - name: transaction_items\n',
    'models/marts/fact_sales.sql': `select item_id from {{ source('production', 'transaction_items') }}`,
    'models/marts/fact_sales.yml': `models:
  - name: fact_sales
    columns:
      - name: item_id
        data_tests: [unique, not_null]
`,
    ...files,
  });

const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** What everybody can see: the bytes of the file, the tables of PostgreSQL, what is in the folder, what is booked. */
async function whatIsPublished({ home, postgres }: Pipeline): Promise<unknown> {
  const tables = await postgres.rows(
    `SELECT nspname, relname, pg_class.oid FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname LIKE 'warehouse%' AND relkind = 'r' ORDER BY 1, 2`,
  );
  return [
    hashOf(publishedPath(home)),
    tables,
    readdirSync(warehouseFolder(home)),
    await postgres.rows('SELECT * FROM ops.publications'),
  ];
}

const salesIn = async ({ home }: Pipeline): Promise<readonly unknown[]> => {
  const duckdb = await openPublished(home, smallLimits(home));
  try {
    return await duckdb.rows('SELECT count(*) AS sales FROM fact_sales');
  } finally {
    duckdb.close();
  }
};

const salesInPostgres = ({ postgres }: Pipeline): Promise<readonly unknown[]> =>
  postgres.rows('SELECT count(*) AS sales FROM warehouse.fact_sales');

describe('the sources of what comes of events', () => {
  async function withSources<T>({ home, lake, postgres }: Pipeline, work: (duckdb: DuckDB) => Promise<T>): Promise<T> {
    const duckdb = await openDuckDB(':memory:', smallLimits(home));
    try {
      await duckdb.run(await sourceViews(duckdb, lake, await currentFiles(postgres)));
      return await work(duckdb);
    } finally {
      duckdb.close();
    }
  }

  /** Column -> type, as a model would get them. */
  const columnsOf = (context: Pipeline, name: string): Promise<Readonly<Record<string, string>>> =>
    withSources(context, async (duckdb) => {
      const { columns } = await duckdb.query(`FROM lake.${name} LIMIT 0`);
      return Object.fromEntries(columns.map((column) => [column.name, column.type]));
    });

  const declared = (name: keyof typeof lakeShapes): Readonly<Record<string, string>> =>
    Object.fromEntries(
      lakeShapes[name].map((column) => [column.name, column.type.replace('TIMESTAMPTZ', 'TIMESTAMP WITH TIME ZONE')]),
    );

  test('are there without any file, of the same columns as with one', async () => {
    const context = await makePipeline();
    for (const name of ['events', 'catalog', 'profiles'] as const) {
      expect(await columnsOf(context, name)).toEqual(declared(name));
    }
    await addToLake(context, 'events', smallClicks);
    await addToLake(context, 'catalog', smallCatalog);
    await addToLake(context, 'profiles', smallProfiles);
    for (const name of ['events', 'catalog', 'profiles'] as const) {
      expect(await columnsOf(context, name)).toEqual(declared(name));
    }
  });

  test('have NULL where a file is older than a column, though all files are', async () => {
    const context = await makePipeline();
    const older = lakeShapes.events.filter(({ name }) => name !== 'country_code');
    const counts =
      'SELECT count(*) AS events, count(country_code) AS countries, sum(revenue_amount) AS revenue FROM lake.events';
    const read = (): Promise<readonly unknown[]> => withSources(context, (duckdb) => duckdb.rows(counts));
    await addToLake(context, 'events', smallClicks, older);
    expect(await columnsOf(context, 'events')).toEqual(declared('events'));
    expect(await read()).toEqual([{ events: 11, countries: 0, revenue: 75.5 }]);
    await addToLake(context, 'events', smallClicks);
    expect(await read()).toEqual([{ events: 22, countries: 1, revenue: 151 }]);
  });

  test('have what a replay by a newer version brought to a batch', async () => {
    const context = await makePipeline();
    await ingest(context, { 'e.ndjson': ndjson([event()]) });
    const older = lakeShapes.events.filter(({ name }) => name !== 'country_code');
    await addToLake(context, 'events', smallClicks, older);
    await addToLake(context, 'events', smallClicks);
    await context.postgres.run('UPDATE ops.lake_files SET batch_id = (SELECT batch_id FROM ops.batches)');
    const counts = 'SELECT count(*) AS events, count(country_code) AS countries FROM lake.events';
    expect(await withSources(context, (duckdb) => duckdb.rows(counts))).toEqual([{ events: 23, countries: 2 }]);
  });
});

describe('a publication', () => {
  test('gives PostgreSQL the same tables as DuckDB, with keys, indexes and comments', async () => {
    const context = await loaded('whole');
    await extractProduction(context);
    await addToLake(context, 'events', smallClicks);
    const { publication, published, nodes, rows } = await publishAll(context);
    expect(published).toBe(true);
    expect(nodes.filter(({ status }) => !['success', 'pass'].includes(status))).toEqual([]);
    const { manifest } = await context.loadProject();
    const models = publishedModels(manifest);
    expect(Object.keys(rows).sort()).toEqual(models.map(({ name }) => name).sort());

    const file = await openPublished(context.home, smallLimits(context.home));
    onTestFinished(() => file.close());
    expect(await readPublication(file)).toMatchObject({ id: publication, currency: 'USD', timeZone: 'UTC' });
    expect(await compareWithFile(context, manifest)).toEqual(
      models.map(({ name }) => ({ name, more: 0, fewer: 0, rows: rows[name] })),
    );

    const keys = await context.postgres.rows<{ name: string; key: string }>(
      `SELECT conrelid::regclass::text AS name, string_agg(attname, ', ') AS key
       FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)
       WHERE contype = 'p' AND connamespace = 'warehouse'::regnamespace GROUP BY conrelid ORDER BY 1`,
    );
    expect(keys.map(({ name, key }) => `${name} ${key}`)).toEqual([
      'warehouse.agg_category_monthly category_monthly_key',
      'warehouse.agg_cohort_retention cohort_retention_key',
      'warehouse.agg_customer_metrics customer_key',
      'warehouse.agg_daily_sales date',
      'warehouse.agg_geography_monthly geography_monthly_key',
      'warehouse.agg_payment_daily payment_daily_key',
      'warehouse.agg_product_performance product_key',
      'warehouse.dim_customers customer_key',
      'warehouse.dim_date date_key',
      'warehouse.dim_payment_method payment_method_key',
      'warehouse.dim_products product_key',
      'warehouse.dim_users user_natural_key',
      'warehouse.fact_sales sales_key',
      'warehouse.fct_daily_engagement date',
      'warehouse.fct_funnel date',
      'warehouse.fct_reconciliation date',
      'warehouse.fct_revenue revenue_key',
    ]);
    const indexes = await context.postgres.rows<{ indexed: string }>(
      `SELECT tablename || ' ' || substring(indexdef FROM '\\((.*)\\)') AS indexed
       FROM pg_indexes WHERE schemaname = 'warehouse' AND indexname NOT LIKE '%\\_pkey' ORDER BY 1`,
    );
    expect(indexes.map(({ indexed }) => indexed)).toEqual([
      'agg_category_monthly month',
      'agg_cohort_retention cohort_month',
      'agg_customer_metrics cohort_month',
      'agg_customer_metrics first_order_date',
      'agg_customer_metrics last_order_date',
      'agg_geography_monthly month',
      'agg_payment_daily date',
      'agg_payment_daily payment_method_key',
      'agg_product_performance first_sold_date',
      'agg_product_performance last_sold_date',
      'dim_customers registration_date',
      'dim_customers valid_from',
      'dim_customers valid_to',
      'dim_date date',
      'dim_products valid_from',
      'dim_products valid_to',
      'dim_users account_created_at',
      'dim_users first_purchase_at',
      'dim_users first_seen_at',
      'dim_users last_purchase_at',
      'dim_users last_seen_at',
      'fact_sales customer_key',
      'fact_sales date_key',
      'fact_sales payment_method_key',
      'fact_sales product_key',
      'fact_sales transaction_at',
      'fct_revenue date',
    ]);
    const silent = await context.postgres.rows(
      `SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0
       WHERE relnamespace = 'warehouse'::regnamespace AND relkind = 'r'
         AND (col_description(pg_class.oid, attnum) IS NULL OR obj_description(pg_class.oid) IS NULL)`,
    );
    expect(silent).toEqual([]);
    expect(await context.postgres.rows('SELECT publication_id, state FROM ops.publications')).toEqual([
      { publication_id: publication, state: 'published' },
    ]);
    expect(await verifyAudit(context.postgres)).toEqual({ entries: 2, firstWrong: undefined });
  });

  test('of what is published already does not happen, unless it is asked for', async () => {
    const context = await loaded();
    const first = await publishAll(context);
    const before = await whatIsPublished(context);
    expect(await publishAll(context)).toEqual({
      publication: first.publication,
      published: false,
      nodes: [],
      rows: {},
    });
    expect(await whatIsPublished(context)).toEqual(before);
    expect(await publishAll(context, { always: true })).toMatchObject({ published: true });
    expect(await publishAll({ ...context, currency: 'EUR' })).toMatchObject({ published: true });
  });

  test('has no name, email, phone or address in it', async () => {
    const context = await makePipeline();
    const planted = ['Xaverina', 'Quillfeather', 'xaverina.q', 'Planted Lane', '7700900123', '7700 900123'];
    await load(
      context.postgres,
      smallShopAnd({
        'customers.csv': [
          'C3,Xaverina,Quillfeather,Xaverina.Q@mail.example,+44 7700 900123,2024-01-02,Leeds,,United Kingdom,',
        ],
        'transactions.csv': ['T5,C3,2024-03-05,,UPI,"7 Planted Lane, Leeds",20.00,sale,completed'],
        'transaction_items.csv': ['I6,T5,P1,1,20.00,0,20.00'],
      }),
    );
    await publishAll(context);
    const duckdb = await openPublished(context.home, smallLimits(context.home));
    onTestFinished(() => duckdb.close());
    const columns = await duckdb.rows<{ name: string }>(
      'SELECT column_name AS name FROM duckdb_columns() WHERE NOT internal',
    );
    expect(columns.filter(({ name }) => /first_name|last_name|^email$|phone|address/.test(name))).toEqual([]);
    const relations = await duckdb.rows<{ name: string }>(
      `SELECT format('"{}"."{}"', table_schema, table_name) AS name FROM information_schema.tables`,
    );
    expect(relations.length).toBeGreaterThan(10);
    const texts = [readFileSync(publishedPath(context.home), 'latin1')];
    for (const { name } of relations) texts.push(JSON.stringify(await duckdb.rows(`FROM ${name}`)));
    expect(texts.join('\n')).toContain('mail.example');
    for (const secret of planted)
      expect(texts.filter((text) => text.toLowerCase().includes(secret.toLowerCase()))).toEqual([]);
  });
});

describe('a build that fails', () => {
  test('by a test leaves everything as it was, and shows the rows', async () => {
    const context = await loaded();
    await publishAll(context);
    const before = await whatIsPublished(context);
    await load(context.postgres, oneMoreSale, { clock: context.clock });
    const project = smallProject({
      'models/marts/fact_sales.yml': `models:
  - name: fact_sales
    columns:
      - name: item_id
        data_tests:
          - accepted_values:
              arguments: { values: [I1, I2, I3, I4, I5] }
`,
    });
    const told: NodeResult[] = [];
    const publishing = publishAll(context, { project, onNode: (node) => told.push(node) });
    await expect(publishing).rejects.toMatchObject({
      code: 'MR-TRF-006',
      exitCode: 1,
      message: expect.stringContaining('(1 rows)'),
    });
    expect(told.filter(({ status }) => status === 'fail')).toMatchObject([
      { resource_type: 'test', failures: 1, failing_rows: [{ value_field: 'I6' }] },
    ]);
    expect(await whatIsPublished(context)).toEqual(before);
  });

  test('by a model leaves everything as it was, and tells which', async () => {
    const context = await loaded();
    await publishAll(context);
    const before = await whatIsPublished(context);
    const project = smallProject({
      'models/marts/planted.sql': `select 'x'::integer as n from {{ ref('fact_sales') }}`,
    });
    await expect(publishAll(context, { project })).rejects.toMatchObject({
      code: 'MR-TRF-005',
      exitCode: 1,
      message: expect.stringContaining('planted'),
      remedy: expect.stringContaining('models/marts/planted.sql'),
    });
    expect(await whatIsPublished(context)).toEqual(before);
  });

  test('for want of memory says so, and does not blame the model', async () => {
    const context = await loaded();
    const project = smallProject({ 'models/greedy.sql': 'select list(range) as n from range(60_000_000)' });
    await expect(publishAll(context, { project })).rejects.toMatchObject({ code: 'MR-MEM-001', exitCode: 3 });
  });

  test('in PostgreSQL leaves everything as it was', async () => {
    const context = await loaded();
    await publishAll(context);
    const before = await whatIsPublished(context);
    await load(context.postgres, oneMoreSale, { clock: context.clock });
    await context.postgres.run('ALTER TABLE ops.publications ADD CONSTRAINT planted CHECK (false) NOT VALID');
    await expect(publishAll(context)).rejects.toThrow('planted');
    await recoverPublication(context);
    expect(await whatIsPublished(context)).toEqual(before);
    await context.postgres.run('ALTER TABLE ops.publications DROP CONSTRAINT planted');
    expect(await publishAll(context)).toMatchObject({ published: true });
    expect([await salesIn(context), await salesInPostgres(context)]).toEqual([[{ sales: 6 }], [{ sales: 6 }]]);
  });
});

describe('a publication that was killed', () => {
  /** Two publications, of which the second got as far as PostgreSQL: the file of the first is still in place. */
  async function killedBeforeTheRename(): Promise<{ readonly context: Pipeline; readonly second: string }> {
    const context = await loaded();
    await publishAll(context);
    const kept = join(context.home, 'first.duckdb');
    copyFileSync(publishedPath(context.home), kept);
    await load(context.postgres, oneMoreSale, { clock: context.clock });
    const { publication } = await publishAll(context);
    renameSync(publishedPath(context.home), join(warehouseFolder(context.home), `build-${publication}.duckdb`));
    renameSync(kept, publishedPath(context.home));
    await context.postgres.run(`UPDATE ops.publications SET state = 'switched' WHERE publication_id = $1`, [
      publication,
    ]);
    return { context, second: publication };
  }

  test('after the switch in PostgreSQL is rolled forward', async () => {
    const { context, second } = await killedBeforeTheRename();
    expect([await salesIn(context), await salesInPostgres(context)]).toEqual([[{ sales: 5 }], [{ sales: 6 }]]);
    expect(await recoverPublication(context)).toBe(second);
    expect([await salesIn(context), await salesInPostgres(context)]).toEqual([[{ sales: 6 }], [{ sales: 6 }]]);
    expect(readdirSync(warehouseFolder(context.home))).toEqual(['analytics.duckdb']);
    expect(await context.postgres.rows(`SELECT 1 FROM ops.publications WHERE state = 'switched'`)).toEqual([]);
    expect(await recoverPublication(context)).toBeUndefined();
    expect(await publishAll(context)).toMatchObject({ publication: second, published: false });
  });

  test('after the rename is only booked', async () => {
    const context = await loaded();
    const { publication } = await publishAll(context);
    await context.postgres.run(`UPDATE ops.publications SET state = 'switched'`);
    expect(await recoverPublication(context)).toBe(publication);
    expect(await salesIn(context)).toEqual([{ sales: 5 }]);
  });

  test('before the switch leaves files that are removed', async () => {
    const context = await loaded();
    await publishAll(context);
    for (const name of ['build-pub_dead.duckdb', 'build-pub_dead.duckdb.wal'])
      writeFileSync(join(warehouseFolder(context.home), name), 'half');
    expect(await recoverPublication(context)).toBeUndefined();
    expect(readdirSync(warehouseFolder(context.home))).toEqual(['analytics.duckdb']);
  });

  test('in a home that has published nothing is no matter', async () => {
    const context = await makePipeline();
    expect(await recoverPublication(context)).toBeUndefined();
    expect(existsSync(warehouseFolder(context.home))).toBe(false);
  });
});

describe('a reader of PostgreSQL', () => {
  test('is not waited for, and what it left standing goes later', async () => {
    const context = await loaded();
    await publishAll(context);
    const [database] = await context.postgres.rows<{ name: string }>('SELECT current_database() AS name');
    const url = new URL(inject('postgresUrl'));
    url.pathname = `/${database?.name}`;
    const reader = new pg.Client(url.href);
    await reader.connect();
    try {
      await reader.query('BEGIN');
      const before = await reader.query('SELECT count(*)::integer AS sales FROM warehouse.fact_sales');
      await load(context.postgres, oneMoreSale, { clock: context.clock });
      expect(await publishAll(context, { fullRefresh: true })).toMatchObject({ published: true });
      expect(await salesInPostgres(context)).toEqual([{ sales: 6 }]);
      expect(before.rows).toEqual([{ sales: 5 }]);
      const former = await context.postgres.rows(`SELECT 1 FROM pg_namespace WHERE nspname LIKE 'warehouse_before_%'`);
      expect(former).toHaveLength(1);
      await reader.query('COMMIT');
    } finally {
      await reader.end();
    }
    await recoverPublication(context);
    expect(await context.postgres.rows(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'warehouse%'`)).toEqual([
      { nspname: 'warehouse' },
    ]);
  });
});

test.each([
  ['DECIMAL(18,2)', 'numeric(18, 2)'],
  ['BIGINT', 'bigint'],
  ['HUGEINT', 'numeric(38, 0)'],
  ['DOUBLE', 'double precision'],
  ['TIMESTAMP WITH TIME ZONE', 'timestamptz'],
  ['VARCHAR', 'text'],
  ['INTEGER[]', 'text'],
])('%s is %s to PostgreSQL', (duckdb, postgres) => {
  expect(postgresType(duckdb)).toBe(postgres);
});
