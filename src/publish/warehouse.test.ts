/** Readers of the published file: they follow publications, and each read sees one of them whole. */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeFolder, smallLimits } from '../../tests/setup/fixtures.ts';
import { openDuckDB } from '../stores/duckdb/duckdb.ts';
import { createWarehouseReader, openPublished, publishedPath, warehouseFolder } from './warehouse.ts';

async function homeWithout(): Promise<string> {
  const home = makeFolder();
  await mkdir(warehouseFolder(home));
  return home;
}

/** Publishes a file with `n` in a thousand rows, as a publication does: made beside, renamed into its place. */
async function publish(home: string, n: number): Promise<void> {
  const draft = join(warehouseFolder(home), `build-${n}.duckdb`);
  const duckdb = await openDuckDB(draft, smallLimits(home));
  await duckdb.run(
    `CREATE SCHEMA ops; CREATE TABLE ops.publication AS SELECT 'pub_${n}' AS publication_id,
       TIMESTAMPTZ '2024-06-01 12:00:00+00' AS published_at, 'USD' AS currency, 'UTC' AS time_zone;
     CREATE TABLE t AS SELECT ${n} AS n FROM range(1000); CHECKPOINT`,
  );
  duckdb.close();
  await rename(draft, publishedPath(home));
}

function readerOf(home: string) {
  const reader = createWarehouseReader(home, smallLimits(home));
  onTestFinished(() => reader.close());
  return reader;
}

describe('a reader', () => {
  test('follows publications, while a read that is under way keeps what it began with', async () => {
    const home = await homeWithout();
    await publish(home, 1);
    const reader = readerOf(home);
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const long = reader.read(async (duckdb, publication) => {
      const before = await duckdb.rows('SELECT DISTINCT n FROM t');
      begun.resolve();
      await goOn.promise;
      return [publication.id, before, await duckdb.rows('SELECT DISTINCT n FROM t')];
    });
    await begun.promise;
    await publish(home, 2);
    expect(await reader.read(async (duckdb, { id }) => [id, await duckdb.rows('SELECT DISTINCT n FROM t')])).toEqual([
      'pub_2',
      [{ n: 2 }],
    ]);
    goOn.resolve();
    expect(await long).toEqual(['pub_1', [{ n: 1 }], [{ n: 1 }]]);
  });

  test('never sees half of one, however many read while publications follow each other', async () => {
    const home = await homeWithout();
    await publish(home, 0);
    const reader = readerOf(home);
    let done = false;
    const seen = new Set<string>();
    const readOn = async (): Promise<void> => {
      while (!done) {
        const [id, rows] = await reader.read(
          async (duckdb, publication) =>
            [
              publication.id,
              await duckdb.rows<{ n: number; count: number }>('SELECT n, count(*) AS count FROM t GROUP BY n'),
            ] as const,
        );
        expect(rows).toEqual([{ n: Number(id.slice('pub_'.length)), count: 1000 }]);
        seen.add(id);
      }
    };
    const readers = [readOn(), readOn(), readOn()];
    for (let n = 1; n <= 8; n += 1) await publish(home, n);
    await reader.read(async (_duckdb, { id }) => expect(id).toBe('pub_8'));
    done = true;
    await Promise.all(readers);
    expect(seen.size).toBeGreaterThan(1);
  });

  test('tells that nothing was published, until something is', async () => {
    const home = await homeWithout();
    const reader = readerOf(home);
    await expect(reader.read(async () => 'never')).rejects.toMatchObject({ code: 'MR-QRY-001', exitCode: 2 });
    await expect(openPublished(home, smallLimits(home))).rejects.toMatchObject({ code: 'MR-QRY-001' });
    await publish(home, 1);
    expect(await reader.read(async (_duckdb, publication) => publication)).toEqual({
      id: 'pub_1',
      publishedAt: '2024-06-01T12:00:00Z',
      currency: 'USD',
      timeZone: 'UTC',
    });
  });

  test('that failed in its work can read again', async () => {
    const home = await homeWithout();
    await publish(home, 1);
    const reader = readerOf(home);
    await expect(reader.read((duckdb) => duckdb.rows('SELECT * FROM missing'))).rejects.toThrow('missing');
    expect(await reader.read((duckdb) => duckdb.rows('SELECT count(*) AS n FROM t'))).toEqual([{ n: 1000 }]);
  });
});
