/** The pipeline as a whole: what a run does, repeats, refuses, records, and what status and books say afterwards. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { event, inLake, ndjson } from '../../tests/setup/events.ts';
import { smallShop, writeFiles } from '../../tests/setup/fixtures.ts';
import { draftsIn, makePipeline, smallShopAnd, smallWarehouse } from '../../tests/setup/pipeline.ts';
import { publishedPath } from '../publish/warehouse.ts';
import { reset } from './reset.ts';
import { build, type Input, ingestInput, type PipelineContext, run } from './run.ts';
import { checkBooks, readStatus } from './status.ts';

const inputOf = (path: string, source = 'csv'): Input => ({ source, path, preset: undefined, asOf: undefined });

const runsOf = (context: PipelineContext): Promise<readonly unknown[]> =>
  context.postgres.rows('SELECT outcome, ended_at IS NOT NULL AS ended, summary FROM ops.runs ORDER BY started_at');

describe('a run', () => {
  test('loads, extracts, publishes; again it finds nothing new, with and without its input', async () => {
    const context = await makePipeline();
    const path = writeFiles();
    const first = await run(context, inputOf(path));
    expect(first).toMatchObject({ changed: true, extract: { written: true }, publication: { published: true } });
    for (const input of [inputOf(path), undefined]) {
      expect(await run(context, input)).toMatchObject({
        changed: false,
        batches: [{ source: 'csv', alreadyLoaded: true, batch: first.batches[0]?.batch }],
        extract: { written: false, id: first.extract.id },
        publication: { published: false, publication: first.publication.publication },
      });
    }
    expect(await runsOf(context)).toMatchObject([
      { outcome: 'succeeded', ended: true, summary: { changed: true, publication: first.publication.publication } },
      { outcome: 'succeeded', summary: { changed: false } },
      { outcome: 'succeeded', summary: { changed: false } },
    ]);
  });

  test('without input repeats every source that the home knows, with what changed in its files', async () => {
    const context = await makePipeline();
    const path = writeFiles();
    await ingestInput(context, inputOf(path, 'vienna'));
    await ingestInput(context, inputOf(writeFiles(), 'graz'));
    writeFileSync(
      join(path, 'customers.csv'),
      String(smallShopAnd({ 'customers.csv': ['C3,,,,,,,,,'] })['customers.csv']),
    );
    const { batches, changed } = await run(context, undefined);
    expect(changed).toBe(true);
    expect(batches.map(({ source, alreadyLoaded }) => [source, alreadyLoaded])).toEqual([
      ['vienna', false],
      ['graz', true],
    ]);
  });

  test('loads what a server that is gone had collected, and leaves that of a live one to it', async () => {
    const context = await makePipeline();
    const folder = join(context.collected, 'web');
    mkdirSync(folder, { recursive: true });
    const collected = [event(), event()];
    const name = (pid: number, end: string): string =>
      join(folder, `20260101T000000.000Z-${pid}-seg_${pid}.ndjson${end}`);
    // Linux gives no process an id beyond 2^22; that of the parent is alive.
    writeFileSync(name(4_194_305, ''), ndjson(collected.slice(0, 1)));
    writeFileSync(name(4_194_306, '.open'), `${ndjson(collected.slice(1))}{"event_id":"never ackn`);
    writeFileSync(name(process.ppid, ''), ndjson([event()]));
    const { events, batches } = await run(context, undefined);
    expect(events).toMatchObject([
      { source: 'web', received: 1, loaded: 1 },
      { source: 'web', received: 1, loaded: 1 },
    ]);
    expect(batches).toEqual([]);
    expect(readdirSync(folder)).toEqual([basename(name(process.ppid, ''))]);
    const ids = collected.map(({ event_id }) => ({ event_id }));
    expect(await inLake(context, 'SELECT event_id FROM events ORDER BY event_id')).toEqual(
      ids.toSorted((one, other) => (String(one.event_id) < String(other.event_id) ? -1 : 1)),
    );
  });

  test('that fails is recorded, and loses nothing of what was loaded and published before', async () => {
    const context = await makePipeline();
    await run(context, inputOf(writeFiles()));
    const before = await readStatus(context);
    const broken = writeFiles({ ...smallShop, 'products.csv': 'product_id,product_name\nP1,Kettle\n' });
    await expect(run(context, inputOf(broken))).rejects.toMatchObject({ code: 'MR-IN-004' });
    expect(await readStatus(context)).toMatchObject({
      production: before.production,
      publication: before.publication,
      lastRun: { outcome: 'failed' },
    });
    expect((await runsOf(context))[1]).toMatchObject({
      outcome: 'failed',
      ended: true,
      summary: { problem: expect.stringContaining('category, price') },
    });
    expect(await run(context, undefined)).toMatchObject({ changed: false });
  });

  test('refuses a user’s own files in the home of the sample', async () => {
    const context = await makePipeline();
    await context.postgres.run(
      `INSERT INTO ops.sources VALUES ('sample', 'sample', NULL, '/a/home/sample', '{}', now())`,
    );
    for (const work of [run, ingestInput]) {
      await expect(work(context, inputOf(writeFiles()))).rejects.toMatchObject({
        code: 'MR-IN-008',
        exitCode: 2,
        remedy: expect.stringContaining(context.home),
      });
    }
    expect(await context.postgres.rows('SELECT * FROM ops.batches')).toEqual([]);
  });

  test('waits for another one no longer than it was told', async () => {
    const context = await makePipeline();
    await context.postgres.exclusive('millrace pipeline', 30, async () => {
      await expect(build({ ...context, lockSeconds: 1 })).rejects.toMatchObject({ code: 'MR-RUN-001', exitCode: 3 });
    });
  });

  test('removes what a killed one has left in the temporary folder, and nothing else', async () => {
    const context = await makePipeline();
    for (const name of ['load-x', 'extract-x', 'rows-x', 'duckdb_temp_of_a_reader'])
      mkdirSync(join(context.duckdb.temporaryFolder, name), { recursive: true });
    await ingestInput(context, inputOf(writeFiles()));
    expect(readdirSync(context.duckdb.temporaryFolder)).toEqual(['duckdb_temp_of_a_reader']);
  });

  test('removes files of the lake that a killed one wrote and nobody registered; what else is in it stays', async () => {
    const context = await makePipeline();
    const input = writeFiles();
    mkdirSync(join(input, 'events'));
    writeFileSync(join(input, 'events', 'clicks.ndjson'), ndjson([event()]));
    await run(context, inputOf(input));
    const registered = await context.lake.list('processed');
    const orphans = [
      'processed/production/customers/killed.parquet',
      'processed/production/products/half.parquet.draft',
      'processed/events/event_date=2024-01-01/killed-0.parquet',
      'processed/event_ids/duckdb-v1.0.0/killed.parquet',
      'processed/catalog/killed.parquet',
    ];
    const others = ['raw/kept.csv'];
    for (const path of [...orphans, ...others]) {
      mkdirSync(dirname(context.lake.locate(path)), { recursive: true });
      writeFileSync(context.lake.locate(path), 'x');
    }
    expect(await run(context, undefined)).toMatchObject({ changed: false });
    expect([...(await context.lake.list('.'))].sort()).toEqual([...registered, ...others].sort());
    expect(registered.length).toBeGreaterThan(6);
  });
});

describe('the draft that a build starts from', () => {
  const moreFiles = smallShopAnd({
    'customers.csv': ['C9,Ada,Berg,c9@example.com,,2024-01-02,Bath,,United Kingdom,25-34'],
  });

  /** A home with a publication of a small project, and how often that was asked for. */
  async function published() {
    const project = smallWarehouse({
      'dbt_project.yml': 'name: shop\n',
      'models/made.sql': `{{ config(materialized='incremental') }} select 1 as n`,
    });
    const asked = { times: 0 };
    const loadProject = (): ReturnType<PipelineContext['loadProject']> => {
      asked.times += 1;
      return project;
    };
    const context = await makePipeline(undefined, { loadProject });
    const path = writeFiles();
    await run(context, inputOf(path));
    asked.times = 0;
    return { context, path, asked };
  }

  test('is made while files are loaded', async () => {
    const { context, asked } = await published();
    const atSteps: number[] = [];
    const ids: string[] = [];
    const watched: PipelineContext = {
      ...context,
      progress: { ...context.progress, step: () => atSteps.push(asked.times) },
      ids: (kind) => {
        ids.push(kind);
        return context.ids(kind);
      },
    };
    const { publication } = await run(watched, inputOf(writeFiles(moreFiles)));
    expect(publication).toMatchObject({ published: true, basis: expect.any(String) });
    // Loading, extracting, building: the project was asked for in the first, and only one draft was made.
    expect(atSteps).toEqual([0, 1, 1]);
    expect(asked.times).toBe(1);
    expect(ids.filter((kind) => kind === 'pub')).toEqual(['pub']);
    expect(draftsIn(context)).toEqual([]);
  });

  test('does not count once a model has changed while files were loaded', async () => {
    const { context, asked } = await published();
    const { folder } = await context.loadProject();
    const step = (text: string): void => {
      if (text.startsWith('Extracting')) writeFileSync(join(folder, 'models', 'more.sql'), 'select 2 as n');
    };
    asked.times = 0;
    const input = inputOf(writeFiles(moreFiles));
    const { publication } = await run({ ...context, progress: { ...context.progress, step } }, input);
    expect([publication.published, publication.basis, asked.times]).toEqual([true, undefined, 2]);
    expect(draftsIn(context)).toEqual([]);
  });

  test('goes when the load fails, and is not made where there is nothing new', async () => {
    const { context, path, asked } = await published();
    const broken = writeFiles({ ...smallShop, 'products.csv': 'product_id,product_name\nP1,Kettle\n' });
    await expect(run(context, inputOf(broken))).rejects.toMatchObject({ code: 'MR-IN-004' });
    expect([asked.times, draftsIn(context)]).toEqual([1, []]);
    const atSteps: number[] = [];
    const progress = { ...context.progress, step: () => atSteps.push(asked.times) };
    expect(await run({ ...context, progress }, inputOf(path))).toMatchObject({ changed: false });
    expect([atSteps, draftsIn(context)]).toEqual([[1, 1, 1], []]);
  });
});

describe('a home', () => {
  test('tells what it holds, before and after a run and a reset', async () => {
    const context = await makePipeline();
    const empty = await readStatus(context);
    expect(empty).toMatchObject({
      sources: [],
      batches: 0,
      quarantined: 0,
      lastRun: undefined,
      publication: undefined,
    });
    const path = writeFiles(smallShopAnd({ 'products.csv': ['P3,,Toys,,5.00,,,,'] }));
    const { publication } = await run(context, inputOf(path));
    expect(await readStatus(context)).toMatchObject({
      home: context.home,
      sources: [{ source: 'csv', kind: 'csv', input: path }],
      batches: 1,
      production: { customers: 2, products: 2, transactions: 4, transaction_items: 5 },
      quarantined: 1,
      lastRun: { outcome: 'succeeded' },
      publication: { id: publication.publication },
    });
    await reset(context);
    expect(await readStatus(context)).toEqual(empty);
    expect([existsSync(publishedPath(context.home)), await context.lake.list('.')]).toEqual([false, []]);
    expect(await context.postgres.rows(`SELECT 1 FROM pg_tables WHERE schemaname LIKE 'warehouse%'`)).toEqual([]);
    expect(await run(context, inputOf(path))).toMatchObject({ changed: true });
  });

  test('whose books are in order says so, and where they are not', async () => {
    const context = await makePipeline();
    await ingestInput(context, inputOf(writeFiles()));
    expect(await checkBooks(context)).toEqual([
      { name: 'ledger', ok: true, finding: '4 entries agree with production and the lake' },
      { name: 'lake', ok: true, finding: '0 files as they are registered' },
      { name: 'audit log', ok: true, finding: '1 entries, chain unbroken' },
    ]);
    await context.postgres.run(
      `DELETE FROM production.transaction_items WHERE item_id = 'I1';
       ALTER TABLE ops.audit_log DISABLE TRIGGER USER; UPDATE ops.audit_log SET actor = 'somebody else'`,
    );
    expect(await checkBooks(context)).toEqual([
      { name: 'ledger', ok: false, finding: 'csv transaction_items: inserted is booked as 5, production has 4 rows' },
      { name: 'lake', ok: true, finding: '0 files as they are registered' },
      { name: 'audit log', ok: false, finding: 'entry 1 of 1 was changed' },
    ]);
    await context.postgres.run('DELETE FROM production.transaction_items');
    expect((await checkBooks(context))[0]).toMatchObject({
      ok: false,
      finding: 'csv transaction_items: inserted is booked as 5, production has 0 rows',
    });
  });
});
