/** Who can read what in PostgreSQL: tried by logging in as them, over everything that the catalogue knows. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { type AtEnd, afterTheLast, makeFolder, smallShop, writeFiles } from '../../tests/setup/fixtures.ts';
import { load, makePipeline, type Pipeline, runPipeline, smallShopAnd } from '../../tests/setup/pipeline.ts';
import { extractProduction } from '../ingest/extract.ts';
import { acquireEmbeddedPostgres } from '../stores/postgres/embedded.ts';
import { migrate } from '../stores/postgres/migrate.ts';
import { openPostgres, type Postgres } from '../stores/postgres/postgres.ts';
import { publish } from './publish.ts';
import { describeReaders, type ReaderRole } from './readers.ts';

/** What stands in the name, address, phone and email of one customer, in capitals of any kind. */
const markers = ['zqfirst', 'zqlast', 'zqlane', '7700900777', 'zqemail'] as const;

const marked = smallShopAnd({
  'customers.csv': [
    'C3,Zqfirst,Zqlast,ZqEmail.X@mail.example,+44 7700900777,2024-01-02,Leeds,,United Kingdom,25-34',
    'C4,Zqfirst,Zqlast,zqemail.y@mail.example,+44 7700900777,no date,Leeds,,United Kingdom,25-34',
  ],
  'transactions.csv': ['T5,C3,2024-03-05,,UPI,"7 Zqlane, Leeds",20.00,sale,completed'],
  'transaction_items.csv': ['I6,T5,P1,1,20.00,0,20.00'],
});

const urlOf = async (postgres: Postgres): Promise<URL> => {
  const [database] = await postgres.rows<{ name: string }>('SELECT current_database() AS name');
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${database?.name}`;
  return url;
};

/** Makes a role that can log in, a member of another one or of none; it goes at the end. Roles are the whole server's. */
async function makeRole(postgres: Postgres, memberOf: string | undefined, atEnd: AtEnd = onTestFinished) {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await postgres.run(`CREATE ROLE ${name} LOGIN PASSWORD 'a password' ${memberOf ? `IN ROLE ${memberOf}` : ''}`);
  atEnd(() => postgres.run(`DROP OWNED BY ${name}; DROP ROLE ${name}`).then(() => undefined));
  return name;
}

async function logIn(postgres: Postgres, role: string, atEnd: AtEnd = onTestFinished): Promise<pg.Client> {
  const url = await urlOf(postgres);
  url.username = role;
  url.password = 'a password';
  const client = new pg.Client(url.href);
  await client.connect();
  atEnd(() => client.end());
  return client;
}

interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
}

/** All that can be selected from, in every schema, with its columns, quoted. */
const relations = (postgres: Postgres): Promise<readonly Relation[]> =>
  postgres.rows<Relation>(
    `SELECT nspname AS schema, format('%I.%I', nspname, relname) AS name,
       array_agg(quote_ident(attname) ORDER BY attnum) AS columns
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace JOIN pg_attribute ON attrelid = pg_class.oid
     WHERE relkind IN ('r', 'v', 'm', 'p', 'f', 't', 'S') AND attnum > 0 AND NOT attisdropped
     GROUP BY 1, 2 ORDER BY 1, 2`,
  );

/** Values as the server's text. */
const asText: pg.CustomTypesConfig = { getTypeParser: () => String };

/** The rows of a query, or undefined when the role may not run it (or a sequence was not used yet). */
async function attempt(client: pg.Client, text: string): Promise<readonly (readonly unknown[])[] | undefined> {
  try {
    return (await client.query<unknown[]>({ text, rowMode: 'array', types: asText })).rows;
  } catch (thrown) {
    expect([text, (thrown as pg.DatabaseError).code]).toEqual([text, expect.stringMatching(/^(42501|55000)$/)]);
    return undefined;
  }
}

/** What a role gets out of a relation: column -> text of all its values; columns that are refused are left out. */
async function readAll(client: pg.Client, { name, columns }: Relation): Promise<ReadonlyMap<string, string>> {
  const read = new Map<string, string>();
  const whole = await attempt(client, `SELECT ${columns.join(', ')} FROM ${name}`);
  for (const [place, column] of columns.entries()) {
    const values = whole ? whole.map((row) => row[place]) : await attempt(client, `SELECT ${column} FROM ${name}`);
    if (values) read.set(column, values.flat().join('\n').toLowerCase());
  }
  return read;
}

interface Seen {
  /** schema.relation.column, as far as it could be read. */
  readonly readable: readonly string[];
  /** schema.relation.column marker, for each marker found there. */
  readonly found: readonly string[];
}

async function seenBy(client: pg.Client, all: readonly Relation[]): Promise<Seen> {
  const readable: string[] = [];
  const found: string[] = [];
  for (const relation of all) {
    for (const [column, text] of await readAll(client, relation)) {
      readable.push(`${relation.name}.${column}`);
      found.push(
        ...markers.filter((marker) => text.includes(marker)).map((marker) => `${relation.name}.${column} ${marker}`),
      );
    }
  }
  return { readable, found };
}

describe('after a run over a customer with a known name, email, phone and address', () => {
  const atEnd = afterTheLast();
  let context: Pipeline;
  let all: readonly Relation[];
  const seen = new Map<ReaderRole, Seen>();

  beforeAll(async () => {
    context = await makePipeline(atEnd);
    await context.postgres.run(`INSERT INTO shop.customers (customer_id, first_name, last_name, email, phone)
      VALUES ('S1', 'Zqfirst', 'Zqlast', 'zqemail.x@mail.example', '+447700900777')`);
    await runPipeline(context, 'csv', writeFiles(marked, atEnd));
    all = await relations(context.postgres);
    for (const role of ['bi_reader', 'pii_reader'] as const) {
      const client = await logIn(context.postgres, await makeRole(context.postgres, role, atEnd), atEnd);
      seen.set(role, await seenBy(client, all));
    }
  });

  const ownSchemas = ['history', 'ops', 'production', 'shop', 'staging', 'warehouse'];
  const closed = ownSchemas.filter((schema) => schema !== 'warehouse');
  const inSchema = (schema: string) => (name: string) => name.startsWith(`${schema}.`);

  test('the markers are where personal data belongs', async () => {
    const owner = new pg.Client((await urlOf(context.postgres)).href);
    await owner.connect();
    const { found } = await seenBy(
      owner,
      all.filter(({ schema }) => ownSchemas.includes(schema)),
    ).finally(() => owner.end());
    expect(found).toEqual(
      expect.arrayContaining([
        ...markers
          .slice(0, 2)
          .map((marker, place) => `production.customers.${['first_name', 'last_name'][place]} ${marker}`),
        'production.customers.phone 7700900777',
        'production.customers.email zqemail',
        'production.transactions.shipping_address zqlane',
        'staging.customers.email zqemail',
        'ops.quarantine.content zqlast',
        'shop.customers.phone 7700900777',
      ]),
    );
  });

  test('bi_reader reads all of warehouse but the email, and no marker anywhere', () => {
    const { readable, found } = seen.get('bi_reader') ?? { readable: [], found: ['nothing was read'] };
    expect(found).toEqual([]);
    const columns = all
      .filter(({ schema }) => schema === 'warehouse')
      .flatMap(({ name, columns }) => columns.map((column) => `${name}.${column}`));
    expect(columns.length).toBeGreaterThan(100);
    expect(readable.filter(inSchema('warehouse'))).toEqual(
      columns.filter((column) => column !== 'warehouse.dim_customers.email'),
    );
  });

  test('pii_reader reads the email too, and no other marker', () => {
    const { readable, found } = seen.get('pii_reader') ?? { readable: [], found: [] };
    expect(found).toEqual(['warehouse.dim_customers.email zqemail']);
    expect(readable).toEqual(
      all
        .flatMap(({ name, columns }) => columns.map((column) => `${name}.${column}`))
        .filter(
          (column) => column === 'warehouse.dim_customers.email' || seen.get('bi_reader')?.readable.includes(column),
        ),
    );
  });

  test.each(closed)('neither reads anything of %s', (schema) => {
    for (const { readable } of seen.values()) expect(readable.filter(inSchema(schema))).toEqual([]);
  });

  test.each(['bi_reader', 'pii_reader', 'public'])(
    '%s may look into no schema but those, and change nothing',
    async (role) => {
      const schemas = await context.postgres.rows<{ name: string }>(
        `SELECT nspname AS name FROM pg_namespace WHERE has_schema_privilege($1, oid, 'USAGE') AND NOT starts_with(nspname, 'pg_')
         AND nspname <> 'information_schema' ORDER BY 1`,
        [role],
      );
      expect(schemas.map(({ name }) => name)).toEqual(role === 'public' ? ['public'] : ['public', 'warehouse']);
      const harmful = await context.postgres.rows(
        `SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
       WHERE relkind IN ('r', 'v') AND nspname IN ('public', 'warehouse')
         AND has_table_privilege($1, pg_class.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')`,
        [role],
      );
      expect(harmful).toEqual([]);
      const functions = await context.postgres.rows(
        `SELECT proname FROM pg_proc WHERE has_function_privilege($1, oid, 'EXECUTE') AND has_schema_privilege($1, pronamespace, 'USAGE')
         AND pronamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')`,
        [role],
      );
      expect(functions).toEqual([]);
    },
  );
});

describe('a publication', () => {
  async function published(context: Pipeline): Promise<void> {
    const { files } = await extractProduction(context);
    await publish(context, await context.loadProject(), files, { always: true });
  }

  async function mayRead(postgres: Postgres, role: string, ...targets: readonly string[]): Promise<readonly boolean[]> {
    const answers: boolean[] = [];
    for (const target of targets) {
      const [table, column] = target.split('.');
      const [row] = await postgres.rows<{ may: boolean }>(
        `SELECT has_schema_privilege($1, 'warehouse', 'USAGE') AND has_column_privilege($1, 'warehouse.' || $2, $3, 'SELECT') AS may`,
        [role, table, column],
      );
      answers.push(row?.may ?? false);
    }
    return answers;
  }

  test('carries over what other roles were granted, and gives nobody the email who had not got it', async () => {
    const context = await makePipeline();
    const { postgres } = context;
    await load(postgres, smallShop);
    await published(context);
    const analyst = await makeRole(postgres, undefined);
    const other = await makeRole(postgres, undefined);
    // As it was before the table had the column, when all of it could be granted.
    await postgres.run(`ALTER TABLE warehouse.dim_customers DROP COLUMN email;
      GRANT USAGE ON SCHEMA warehouse TO ${analyst}, ${other};
      GRANT SELECT ON warehouse.dim_customers, warehouse.fact_sales TO ${analyst} WITH GRANT OPTION;
      GRANT SELECT (date_key, year) ON warehouse.dim_date TO ${other};
      ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC`);
    for (let time = 0; time < 2; time += 1) {
      await published(context);
      expect(
        await mayRead(postgres, analyst, 'fact_sales.line_total', 'dim_customers.city', 'dim_customers.email'),
      ).toEqual([true, true, false]);
      expect(await mayRead(postgres, other, 'dim_date.year', 'dim_date.month', 'fact_sales.line_total')).toEqual([
        true,
        false,
        false,
      ]);
      expect(
        await mayRead(postgres, 'bi_reader', 'dim_date.month', 'dim_customers.city', 'dim_customers.email'),
      ).toEqual([true, true, false]);
      expect(await mayRead(postgres, 'pii_reader', 'dim_date.month', 'dim_customers.email')).toEqual([true, true]);
    }
    const grantable = await postgres.rows(
      `SELECT has_table_privilege($1, 'warehouse.fact_sales', 'SELECT WITH GRANT OPTION') AS may`,
      [analyst],
    );
    expect(grantable).toEqual([{ may: true }]);
    await postgres.run(`GRANT SELECT ON warehouse.dim_customers TO ${other}`);
    await published(context);
    expect(await mayRead(postgres, other, 'dim_customers.email')).toEqual([true]);
    expect(await describeReaders(postgres)).toBe('bi_reader and pii_reader read warehouse');
  });

  test('goes on where roles cannot be made, and lets them read once somebody else has made them', async () => {
    const folder = join(makeFolder(), 'server');
    mkdirSync(folder);
    const server = await acquireEmbeddedPostgres(join(folder, 'postgres'), 0);
    const administrator = await openPostgres(server.url);
    onTestFinished(async () => {
      await administrator.close();
      await server.release();
    });
    await administrator.run(`CREATE ROLE shopkeeper LOGIN PASSWORD 'a password'`);
    await administrator.run('CREATE DATABASE shop OWNER shopkeeper');
    const url = new URL(server.url);
    Object.assign(url, { pathname: '/shop', username: 'shopkeeper', password: 'a password' });
    const postgres = await openPostgres(url.href);
    onTestFinished(() => postgres.close());
    await migrate(postgres);
    const context = { ...(await makePipeline()), postgres };
    await load(postgres, smallShop);
    await published(context);
    expect(await postgres.rows('SELECT count(*) AS sales FROM warehouse.fact_sales')).toEqual([{ sales: 4 }]);
    expect(await administrator.rows(`SELECT rolname FROM pg_roles WHERE rolname LIKE '%\\_reader'`)).toEqual([]);
    expect(await describeReaders(postgres)).toContain('CREATE ROLE bi_reader NOLOGIN; CREATE ROLE pii_reader NOLOGIN;');

    await administrator.run('CREATE ROLE bi_reader NOLOGIN; CREATE ROLE pii_reader NOLOGIN');
    expect(await describeReaders(postgres)).toContain('from the next build on');
    await published(context);
    expect(await mayRead(postgres, 'bi_reader', 'fact_sales.line_total', 'dim_customers.email')).toEqual([true, false]);
    expect(await mayRead(postgres, 'pii_reader', 'dim_customers.email')).toEqual([true]);
    expect(await describeReaders(postgres)).toBe('bi_reader and pii_reader read warehouse');
  });
});
