/** The extract of production: what it holds, what it must not hold, and when its files come and go. */
import { createHmac } from 'node:crypto';
import { existsSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeFolder, smallLimits, smallShop } from '../../tests/setup/fixtures.ts';
import { load, makePipeline, type Pipeline, smallShopAnd } from '../../tests/setup/pipeline.ts';
import { type DuckDB, openDuckDB, sqlText } from '../stores/duckdb/duckdb.ts';
import { type Extract, extractProduction } from './extract.ts';
import { currentFiles, removeRetired } from './lake-files.ts';
import { revertBatch } from './production/revert.ts';

async function memory(): Promise<DuckDB> {
  const duckdb = await openDuckDB(':memory:', smallLimits(makeFolder()));
  onTestFinished(() => duckdb.close());
  return duckdb;
}

const filesOnDisk = async ({ lake }: Pipeline): Promise<readonly string[]> => [...(await lake.list('.'))].sort();

const stampsOf = ({ lake }: Pipeline, { files }: Extract): readonly string[] =>
  files.map(({ path }) => {
    const { ino, mtimeMs } = statSync(lake.locate(path));
    return `${path} ${ino} ${mtimeMs}`;
  });

const namesAndTypes = (columns: readonly string[]) =>
  columns.map((column) => ({ name: column.split(' ')[0], type: column.slice(column.indexOf(' ') + 1) }));

const oneMore = (id: string) => smallShopAnd({ 'customers.csv': [`${id},,,,,,,,,`] });

/** The relations in the order in which they are looked at. */
const readOrder = [
  'customers',
  'products',
  'transactions',
  'transaction_items',
  'customer_snapshots',
  'product_snapshots',
];

describe('the extract', () => {
  test('has what the models need, in the types that they expect', async () => {
    const context = await makePipeline();
    await load(context.postgres, smallShop);
    await context.postgres.run(`UPDATE production.customers SET country_code = 'GB' WHERE customer_id = 'C1'`);
    const { files, written } = await extractProduction(context);
    expect(written).toBe(true);
    expect(files.map(({ dataset, rows }) => [dataset, rows])).toEqual([
      ['production.customer_snapshots', 2],
      ['production.customers', 2],
      ['production.product_snapshots', 2],
      ['production.products', 2],
      ['production.transaction_items', 5],
      ['production.transactions', 4],
    ]);
    const duckdb = await memory();
    const read = (index: number) => {
      const path = files.find(({ dataset }) => dataset === `production.${readOrder[index]}`)?.path ?? '';
      return duckdb.query(`FROM ${sqlText(context.lake.locate(path))}`);
    };
    const customers = await read(0);
    expect(customers.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'source VARCHAR',
      'customer_id VARCHAR',
      'email_token VARCHAR',
      'email_domain VARCHAR',
      'registration_date DATE',
      'city VARCHAR',
      'state VARCHAR',
      'country VARCHAR',
      'country_code VARCHAR',
      'age_group VARCHAR',
      'observed_at TIMESTAMP WITH TIME ZONE',
    ]);
    expect(customers.rows[0]).toEqual({
      source: 'csv',
      customer_id: 'C1',
      email_token: createHmac('sha256', context.pseudonymKey).update('ada@example.com').digest('hex'),
      email_domain: 'example.com',
      registration_date: '2024-01-02',
      city: 'London',
      state: null,
      country: 'United Kingdom',
      country_code: 'GB',
      age_group: '25-34',
      observed_at: '2024-06-01 12:00:01+00',
    });
    expect((await read(1)).rows[1]).toMatchObject({
      product_id: 'P2',
      product_name: 'Desk lamp, small',
      price: 35.5,
      cost: null,
    });
    expect((await read(2)).rows[1]).toMatchObject({
      transaction_id: 'T2',
      customer_id: null,
      transaction_at: '2024-03-02 00:00:00+00',
    });
    expect((await read(3)).rows[3]).toMatchObject({ item_id: 'I4', quantity: -1, line_total: -20 });
    const [snapshots, productSnapshots] = [await read(4), await read(5)];
    const order = ['updated_at TIMESTAMP WITH TIME ZONE', 'content_hash VARCHAR'];
    expect(snapshots.columns).toEqual([...customers.columns, ...namesAndTypes(order)]);
    expect(snapshots.rows.map(({ updated_at, content_hash, ...shown }) => shown)).toEqual(customers.rows);
    expect(snapshots.rows.every(({ content_hash }) => /^[0-9a-f-]{36}$/.test(String(content_hash)))).toBe(true);
    expect(productSnapshots.columns).toEqual([...(await read(1)).columns, ...namesAndTypes(order)]);
    expect(readdirSync(context.duckdb.temporaryFolder)).toEqual([]);
  });

  test('has no name, email, phone or address', async () => {
    const context = await makePipeline();
    const planted = ['Xaverina', 'Quillfeather', 'xaverina.q@', 'Planted Lane', '447700900123', '7700 900123'];
    await load(
      context.postgres,
      smallShopAnd({
        'customers.csv': [
          'C3,Xaverina,Quillfeather,Xaverina.Q@mail.example,+44 7700 900123,2024-01-02,Leeds,,United Kingdom,',
        ],
        'transactions.csv': ['T5,C3,2024-03-05,,UPI,"7 Planted Lane, Leeds",20.00,sale,completed'],
      }),
    );
    const stored = await context.postgres.rows('SELECT count(*) AS n FROM production.customers WHERE last_name = $1', [
      'Quillfeather',
    ]);
    expect(stored).toEqual([{ n: 1 }]);
    const { files } = await extractProduction(context);
    const duckdb = await memory();
    for (const { path } of files) {
      const { columns, rows } = await duckdb.query(`FROM ${sqlText(context.lake.locate(path))}`);
      expect(columns.filter(({ name }) => /first_name|last_name|^email$|phone|address/.test(name))).toEqual([]);
      const text = JSON.stringify(rows).toLowerCase();
      expect(planted.filter((each) => text.includes(each.toLowerCase()))).toEqual([]);
    }
  });
});

describe('the files of the extract', () => {
  test('stay as they are while nothing is loaded', async () => {
    const context = await makePipeline();
    await load(context.postgres, smallShop);
    const first = await extractProduction(context);
    const stamps = stampsOf(context, first);
    await load(context.postgres, smallShop);
    const second = await extractProduction(context);
    expect(second).toMatchObject({ id: first.id, written: false });
    expect(second.files.map(({ path, rows }) => [path, rows]).sort()).toEqual(
      first.files.map(({ path, rows }) => [path, rows]).sort(),
    );
    expect(stampsOf(context, first)).toEqual(stamps);
  });

  test('are written anew for another key, or when one of them is gone', async () => {
    const context = await makePipeline();
    await load(context.postgres, smallShop);
    const first = await extractProduction(context);
    const second = await extractProduction({ ...context, pseudonymKey: 'another key that only tests have' });
    expect(second).toMatchObject({ written: true });
    expect(second.id).not.toBe(first.id);
    unlinkSync(context.lake.locate(second.files[0]?.path ?? ''));
    expect(await extractProduction({ ...context, pseudonymKey: 'another key that only tests have' })).toMatchObject({
      id: second.id,
      written: true,
    });
    expect(existsSync(context.lake.locate(second.files[0]?.path ?? ''))).toBe(true);
    expect(await extractProduction(context)).toMatchObject({ id: first.id, written: true });
    expect((await currentFiles(context.postgres)).every(({ extract }) => extract === first.id)).toBe(true);
  });

  test('stay when they are retired, until neither the published warehouse nor the one before it reads them', async () => {
    const context = await makePipeline();
    const extracts: Extract[] = [];
    for (const id of ['C3', 'C4', 'C5']) {
      await load(context.postgres, oneMore(id), { clock: context.clock });
      extracts.push(await extractProduction(context));
      await context.postgres.run(
        `INSERT INTO ops.publications (publication_id, file, state, input_hash, published_at) VALUES ($1, '', 'published', '', $2)`,
        [id, context.clock()],
      );
      await removeRetired(context.postgres, context.lake);
    }
    const paths = extracts.map(({ files }) => files.map(({ path }) => path).sort());
    const registered = await context.postgres.rows<{ path: string; retired: boolean }>(
      'SELECT path, retired_at IS NOT NULL AS retired FROM ops.lake_files ORDER BY path',
    );
    expect(registered.filter(({ retired }) => retired).map(({ path }) => path)).toEqual(paths[1]);
    expect(registered.filter(({ retired }) => !retired).map(({ path }) => path)).toEqual(paths[2]);
    expect(await filesOnDisk(context)).toEqual([...(paths[1] ?? []), ...(paths[2] ?? [])].sort());
  });

  test('are not taken for current when the extract fails half-way', async () => {
    const context = await makePipeline();
    await load(context.postgres, smallShop);
    const first = await extractProduction(context);
    await load(context.postgres, oneMore('C3'), { clock: context.clock });
    const put = context.lake.put;
    const failing = {
      ...context.lake,
      put: (path: string, write: (draft: string) => Promise<void>) =>
        path.includes('transaction_items') ? Promise.reject(new Error('planted failure')) : put(path, write),
    };
    await expect(extractProduction({ ...context, lake: failing })).rejects.toThrow('planted failure');
    expect((await currentFiles(context.postgres)).every(({ extract }) => extract === first.id)).toBe(true);
    expect(readdirSync(join(context.home, 'tmp'))).toEqual([]);
    expect(await extractProduction(context)).toMatchObject({ written: true });
  });
});

describe('the files of a table that grows', () => {
  /** Sales of a line each, by their numbers; those named are cancelled. */
  const sales = (from: number, to: number, cancelled: readonly number[] = []) => {
    const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
    return smallShopAnd({
      'transactions.csv': numbers.map(
        (n) => `B${n},,2024-03-05,10:00,UPI,,20.00,sale,${cancelled.includes(n) ? 'cancelled' : 'completed'}`,
      ),
      'transaction_items.csv': numbers.map((n) => `BI${n},B${n},P1,1,20.00,0,20.00`),
    });
  };

  const told = {
    transactions: `transaction_id || ' ' || status || ' ' || total_amount`,
    transaction_items: `item_id || ' ' || transaction_id || ' ' || line_total`,
  };

  /** What production has, and what the extract's files have, relation by relation. */
  async function bothOf({ postgres, lake }: Pipeline, { files }: Extract) {
    const duckdb = await memory();
    const both: (readonly [string, readonly unknown[], readonly unknown[]])[] = [];
    for (const [relation, row] of Object.entries(told)) {
      const paths = files
        .filter(({ dataset }) => dataset === `production.${relation}`)
        .map(({ path }) => sqlText(lake.locate(path)));
      const query = (from: string) => `SELECT ${row} AS row FROM ${from}`;
      const [stored, extracted] = [
        await postgres.rows<{ row: string }>(query(`production.${relation}`)),
        await duckdb.rows<{ row: string }>(query(`read_parquet([${paths.join(', ')}])`)),
      ].map((rows) => rows.map((one) => one.row).sort());
      both.push([relation, stored ?? [], extracted ?? []]);
    }
    return both;
  }

  test('are written where rows came, changed or went, and have every row once', async () => {
    const context = await makePipeline();
    const loadOne = (files: ReturnType<typeof sales>) => load(context.postgres, files, { clock: context.clock });
    const steps: Readonly<Record<string, () => Promise<unknown>>> = {
      'the first load': () => loadOne(sales(1, 400)),
      'rows at the end': () => loadOne(sales(401, 402)),
      'a row that changes': () => loadOne(sales(7, 7, [7])),
      'a batch that is undone': async () => {
        const { batch } = await loadOne(sales(395, 420, [400]));
        await extractProduction(context, 1);
        await revertBatch(context, batch);
      },
      'a table that is written anew': async () => {
        await context.postgres.run('CLUSTER production.transactions USING transactions_customer');
        await context.postgres.run('CLUSTER production.transaction_items USING transaction_items_product');
        await loadOne(sales(403, 403));
      },
    };
    const kept: Record<string, number> = {};
    let former: ReadonlySet<string> = new Set();
    for (const [name, step] of Object.entries(steps)) {
      await step();
      const extract = await extractProduction(context, 1);
      for (const [relation, stored, extracted] of await bothOf(context, extract)) {
        expect(extracted, `${relation} after ${name}`).toEqual(stored);
      }
      const paths = extract.files.map(({ path }) => path);
      kept[name] = paths.filter((path) => former.has(path)).length / paths.length;
      former = new Set(paths);
      expect((await currentFiles(context.postgres)).every((file) => file.extract === extract.id)).toBe(true);
      expect(await extractProduction(context, 1)).toMatchObject({ id: extract.id, written: false });
    }
    expect(kept['the first load']).toBe(0);
    expect(kept['rows at the end']).toBeGreaterThan(0.5);
    expect(kept['a row that changes']).toBeGreaterThan(0.5);
    expect(kept['a batch that is undone']).toBeGreaterThan(0.5);
    expect(kept['a table that is written anew']).toBe(0);
  });
});
