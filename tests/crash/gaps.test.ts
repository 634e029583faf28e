/** `millrace run` killed between two steps that belong together, then run again. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ShopFiles, smallShop } from '../setup/fixtures.ts';
import {
  type Contents,
  crash,
  expectRecovery,
  type Home,
  placeHome,
  readContents,
  removeHome,
  runToEnd,
  type Shop,
  startRun,
  withHome,
  withPostgres,
  withWarehouse,
} from './crash.ts';
import { atCommit, connectionsOf, killWhenHeld, killWhenMade, whenHeld } from './held.ts';

const parent = mkdtempSync(join(tmpdir(), 'millrace-shop-'));

function writeShop(files: ShopFiles, asOf: string): NonNullable<Shop> {
  const folder = mkdtempSync(join(parent, 'shop-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return { folder, asOf };
}

const before = writeShop(smallShop, '2024-03-31');
/** A month later: a product's price has changed, and an order came. */
const after = writeShop(
  {
    ...smallShop,
    'products.csv': smallShop['products.csv'].replace('20.00,12.50', '21.00,12.50'),
    'transactions.csv': `${smallShop['transactions.csv']}T5,C2,2024-04-02,12:00,UPI,,71.00,sale,completed\n`,
    'transaction_items.csv': `${smallShop['transaction_items.csv']}I6,T5,P2,2,35.50,0,71.00\n`,
  },
  '2024-04-30',
);

/** How far the killed run got: what counts in PostgreSQL, and the warehouse's files. */
interface Reached {
  readonly batches: number;
  readonly retiredFiles: number;
  readonly publications: string;
  readonly builds: number;
  /** Net revenue that readers of the published file see, in whole units. */
  readonly revenue: number;
  /** The same for readers of PostgreSQL. */
  readonly revenueInPostgres: number;
}

async function readReached(home: Home): Promise<Reached> {
  const builds = readdirSync(join(home.folder, 'warehouse')).filter((name) => /^build-.*\.duckdb$/.test(name)).length;
  const [sales] = await withWarehouse(home, (duckdb) =>
    duckdb.rows<Pick<Reached, 'revenue'>>('SELECT sum(line_total)::INTEGER AS revenue FROM fact_sales'),
  );
  const [counted] = await withPostgres(home, (sql) =>
    sql.rows<Omit<Reached, 'builds' | 'revenue'>>(
      `SELECT (SELECT count(*) FROM ops.batches) AS batches,
         (SELECT sum(line_total)::integer FROM warehouse.fact_sales) AS "revenueInPostgres",
         (SELECT count(*) FROM ops.lake_files WHERE retired_at IS NOT NULL) AS "retiredFiles",
         (SELECT string_agg(state, ', ' ORDER BY published_at) FROM ops.publications) AS publications`,
    ),
  );
  if (!counted || !sales) throw new Error('an aggregate gives one row');
  return { ...counted, ...sales, builds };
}

const [old, fresh] = [76, 147];

/** Rows are loaded and extracted while the file to build in is being made, which may be there or not. */
const perhapsOne: number = expect.toBeOneOf([0, 1]);

/** Makes the next publication replace the published tables, of which it then knows nothing. */
const copiedWhole = 'DELETE FROM ops.published_tables;';

/** The steps in their order. Where the server lives it carries out the statement it was held in, COMMIT included. */
const gaps: readonly {
  name: string;
  trigger: string;
  serverDies: boolean;
  reached: Omit<Reached, 'revenueInPostgres'>;
}[] = [
  {
    name: 'while rows are copied into staging',
    trigger: 'CREATE TRIGGER held BEFORE INSERT ON staging.transaction_items FOR EACH ROW',
    serverDies: false,
    reached: { batches: 1, retiredFiles: 0, publications: 'published', builds: perhapsOne, revenue: old },
  },
  {
    name: 'before the load is committed',
    trigger: atCommit('INSERT ON ops.ledger'),
    serverDies: true,
    reached: { batches: 1, retiredFiles: 0, publications: 'published', builds: perhapsOne, revenue: old },
  },
  {
    name: 'after the load was committed, without hearing of it',
    trigger: atCommit('INSERT ON ops.ledger'),
    serverDies: false,
    reached: { batches: 2, retiredFiles: 0, publications: 'published', builds: perhapsOne, revenue: old },
  },
  {
    name: 'before the files of the lake are registered',
    trigger: 'CREATE TRIGGER held BEFORE INSERT ON ops.lake_files FOR EACH ROW',
    serverDies: true,
    reached: { batches: 2, retiredFiles: 0, publications: 'published', builds: perhapsOne, revenue: old },
  },
  {
    name: 'after the files of the lake were registered',
    trigger: atCommit('INSERT ON ops.lake_files'),
    serverDies: false,
    reached: { batches: 2, retiredFiles: 6, publications: 'published', builds: perhapsOne, revenue: old },
  },
  {
    name: 'with the rows of the published tables changed and not yet noted',
    trigger: 'CREATE TRIGGER held BEFORE UPDATE ON ops.published_tables FOR EACH ROW',
    serverDies: false,
    reached: { batches: 2, retiredFiles: 6, publications: 'published', builds: 1, revenue: old },
  },
  {
    name: 'with the rows of the published tables changed, as the server dies',
    trigger: 'CREATE TRIGGER held BEFORE INSERT ON ops.publications FOR EACH ROW',
    serverDies: true,
    reached: { batches: 2, retiredFiles: 6, publications: 'published', builds: 1, revenue: old },
  },
  {
    name: 'with the next star schema complete and not yet switched to',
    trigger: `${copiedWhole} CREATE TRIGGER held BEFORE INSERT ON ops.publications FOR EACH ROW`,
    serverDies: false,
    reached: { batches: 2, retiredFiles: 6, publications: 'published', builds: 1, revenue: old },
  },
  {
    name: 'with the next star schema switched to and not yet committed',
    trigger: `${copiedWhole} CREATE TRIGGER held BEFORE INSERT ON ops.published_tables FOR EACH ROW`,
    serverDies: true,
    reached: { batches: 2, retiredFiles: 6, publications: 'published', builds: 1, revenue: old },
  },
  {
    name: 'before the switch is committed',
    trigger: atCommit('INSERT ON ops.publications'),
    serverDies: true,
    reached: { batches: 2, retiredFiles: 6, publications: 'published', builds: 1, revenue: old },
  },
  {
    name: 'with PostgreSQL switched and the file not yet renamed',
    trigger: atCommit('INSERT ON ops.publications'),
    serverDies: false,
    reached: { batches: 2, retiredFiles: 6, publications: 'published, switched', builds: 1, revenue: old },
  },
  {
    name: 'with the file renamed and the publication not yet booked',
    trigger: 'CREATE TRIGGER held BEFORE UPDATE ON ops.publications FOR EACH ROW',
    serverDies: true,
    reached: { batches: 2, retiredFiles: 6, publications: 'published, switched', builds: 0, revenue: fresh },
  },
  {
    name: 'with the next star schema switched to and the file not yet renamed',
    trigger: `${copiedWhole} ${atCommit('INSERT ON ops.publications')}`,
    serverDies: false,
    reached: { batches: 2, retiredFiles: 6, publications: 'published, switched', builds: 1, revenue: old },
  },
  {
    name: 'with the publication booked and the former star schema still there',
    trigger: `${copiedWhole} ${atCommit('UPDATE ON ops.publications')}`,
    serverDies: false,
    reached: { batches: 2, retiredFiles: 6, publications: 'published, published', builds: 0, revenue: fresh },
  },
];

const onLinux = describe.runIf(process.platform === 'linux');

// Concurrent: a run that finds a lock left behind waits until that is old.
onLinux.concurrent('a killed run is made good by the next', { timeout: 180_000 }, () => {
  const first = placeHome();
  let afterFirst: Contents;
  let afterSecond: Contents;

  beforeAll(async () => {
    await runToEnd(first, before);
    afterFirst = await readContents(first);
    afterSecond = await withHome(async (home) => {
      await runToEnd(home, after);
      return readContents(home);
    }, first);
  });

  afterAll(async () => {
    await removeHome(first);
    rmSync(parent, { recursive: true, force: true });
  });

  describe('a second run', () => {
    test.for(gaps)('$name', ({ trigger, serverDies, reached }) =>
      withHome(async (home) => {
        await killWhenHeld(home, trigger, () => startRun(home, after), serverDies);
        const revenueInPostgres = reached.publications === 'published' ? old : fresh;
        expect(await readReached(home)).toEqual({ ...reached, revenueInPostgres });
        await expectRecovery(home, after, afterSecond);
        expect((await readReached(home)).builds).toBe(0);
      }, first),
    );
  });

  test('which begins while the server still commits the load of the killed one', () =>
    withHome(async (home) => {
      await whenHeld(
        home,
        atCommit('INSERT ON ops.ledger'),
        () => startRun(home, after),
        async ({ running, letGo, untilConnected }) => {
          await crash(home, running, false);
          const next = startRun(home, after);
          await untilConnected(1, `${connectionsOf(next)} AND wait_event_type = 'Lock'`);
          await letGo();
          const { code, stderr } = await next.ended;
          expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        },
      );
      await expectRecovery(home, after, afterSecond);
    }, first));

  describe('a first run', () => {
    test.for([
      { name: 'while PostgreSQL is being made, which goes on', path: 'postgres/cluster.new', serverDies: false },
      { name: 'while PostgreSQL is being made, as is that', path: 'postgres/cluster.new', serverDies: true },
      { name: 'while PostgreSQL starts, which goes on', path: 'postgres/cluster/postmaster.pid', serverDies: false },
      { name: 'while the models are built', path: 'warehouse', serverDies: true },
    ])('$name', ({ path, serverDies }) =>
      withHome(async (home) => {
        await killWhenMade(home, startRun(home, before), () => existsSync(join(home.folder, path)), serverDies);
        await expectRecovery(home, before, afterFirst);
      }),
    );
  });
});
