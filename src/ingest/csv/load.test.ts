/** Staging: whichever way a file's rows go there, they are the rows that are judged. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeFolder, makePostgres, smallLimits, smallShop, writeFiles } from '../../../tests/setup/fixtures.ts';
import { tickingClock } from '../../../tests/setup/pipeline.ts';
import { tableContracts } from '../../contracts/tables.ts';
import { MillraceError } from '../../kernel/errors.ts';
import type { Postgres } from '../../stores/postgres/postgres.ts';
import { createStopwatch } from '../production/stages.ts';
import { createStaging } from '../production/staging.ts';
import { readCsvFile } from './files.ts';
import { withEngines } from './ingest.ts';
import { type Batch, stageAll, stageTable } from './load.ts';
import { type FileReading, readTable } from './read.ts';

const table = 'transaction_items';
const columns = tableContracts[table].columns.map(({ name }) => name);
const selected = ['row_number', ...columns, 'other_columns'].join(', ');

/** Which way the rows of a file went, and what stands at its end. */
interface Staged {
  readonly way: 'copied, bare' | 'copied, regular' | 'streamed';
  readonly read: readonly unknown[];
  readonly staged: readonly unknown[];
}

/** Reads a file and stages it as the given batch; undefined when it is no file that can be read. */
async function stage(postgres: Postgres, folder: string, batch: number, text: string): Promise<Staged | undefined> {
  const path = join(folder, 'items.csv');
  writeFileSync(path, text);
  return withEngines(smallLimits(folder), async (engines) => {
    let reading: FileReading;
    try {
      const [only] = await readTable(engines.judge, [await readCsvFile(path)], table, engines.temporaryFolder);
      if (!only) throw new Error('nothing was read');
      reading = only;
    } catch (thrown) {
      if (thrown instanceof MillraceError) return undefined;
      throw thrown;
    }
    await postgres.transaction(async (sql) => {
      await createStaging(sql, batch);
      await stageTable(sql, engines, batch, table, [reading]);
    });
    const read = await engines.judge.rows(`SELECT ${selected} FROM received_${table} ORDER BY row_number`);
    const staged = await postgres.rows(
      `SELECT ${selected} FROM staging.${table} WHERE batch_number = $1 ORDER BY row_number`,
      [batch],
    );
    const { layout } = reading.file;
    return { way: reading.copyColumns && layout !== 'irregular' ? `copied, ${layout}` : 'streamed', read, staged };
  });
}

const header = 'item_id,transaction_id,product_id,quantity,unit_price,discount_percentage,line_total';
const line = (first: string): string => `${first},T1,P1,1,2.00,,2.00`;

describe('rows in staging', () => {
  test.for<readonly [string, string, Staged['way'], readonly (string | null)[]]>([
    ['fields without quotes', `${header}\n${line('a')}\n${line('')}\n`, 'copied, bare', ['a', null]],
    ['CR LF and no last line end', `${header}\r\n${line('a')}\r\n${line('é')}`, 'copied, bare', ['a', 'é']],
    ['CR', `${header}\r${line('a')}\r${line(' b')}\r`, 'copied, bare', ['a', ' b']],
    ['a byte order mark', `\uFEFF${header}\n${line('a')}\n`, 'copied, bare', ['a']],
    [
      'another order and case',
      `PRODUCT_ID,${header.replace('product_id,', '').toUpperCase()}\nP1,a,T1,1,2.00,,2.00\n`,
      'copied, bare',
      ['a'],
    ],
    ['backslashes', `${header}\n${line('\\.')}\n${line('\\N')}\n`, 'copied, regular', ['\\.', '\\N']],
    ['quotes', `${header}\n${line('"a, ""b"""')}\n${line('""')}\n`, 'copied, regular', ['a, "b"', null]],
    ['a quote within a field', `${header}\n${line('5" x')}\n`, 'streamed', ['5" x']],
    ['a line end within quotes', `${header}\n${line('"a\nb"')}\n${line('c')}\n`, 'streamed', ['a\nb', 'c']],
    ['blank lines', `${header}\n\n${line('a')}\n`, 'streamed', ['a']],
    ['a malformed record', `${header}\n1,2\n${line('a')}\n`, 'streamed', ['a']],
    ['an unknown column', `${header},colour\n${line('a')},red\n`, 'streamed', ['a']],
  ])('are those of a file with %s', async ([, text, way, ids]) => {
    const result = await stage(await makePostgres(), makeFolder(), 1, text);
    expect(result?.way).toBe(way);
    expect(result?.staged).toEqual(result?.read);
    expect(result?.staged.map((row) => (row as { item_id: string | null }).item_id)).toEqual(ids);
  });

  test('are those that were read, for files of any layout, batch after batch', async () => {
    const postgres = await makePostgres();
    const folder = makeFolder();
    const piece = fc.constantFrom(
      'a',
      '',
      ' ',
      '"',
      '""',
      '"b"',
      '"a, b"',
      '"a""b"',
      '\\',
      '\\.',
      'é',
      '\t',
      'NULL',
      '\n',
    );
    const field = fc.oneof(
      { weight: 12, arbitrary: fc.constant('k') },
      { weight: 1, arbitrary: piece },
      { weight: 1, arbitrary: fc.tuple(piece, piece).map((two) => two.join('')) },
    );
    const record = fc.array(field, { minLength: 7, maxLength: 7 }).map((fields) => fields.join(','));
    const file = fc.record({
      end: fc.constantFrom('\n', '\r\n', '\r'),
      records: fc.array(record, { minLength: 1, maxLength: 4 }),
      lastEnd: fc.constantFrom('', '\n', '\r\n', '\r'),
    });
    const ways = new Set<string | undefined>();
    let batch = 0;
    await fc.assert(
      fc.asyncProperty(file, async ({ end, records, lastEnd }) => {
        batch += 1;
        const result = await stage(postgres, folder, batch, [header, ...records].join(end) + lastEnd);
        ways.add(result?.way);
        expect(result?.staged).toEqual(result?.read);
      }),
      { numRuns: 150 },
    );
    expect([...ways]).toEqual(expect.arrayContaining(['copied, bare', 'copied, regular', 'streamed']));
  });

  test('are not taken from a file that changed after it was read', async () => {
    const postgres = await makePostgres();
    const folder = writeFiles();
    await withEngines(smallLimits(makeFolder()), async (engines) => {
      const readings: FileReading[] = [];
      for (const name of Object.keys(smallShop)) {
        const file = await readCsvFile(join(folder, name));
        const own = name.slice(0, -4) as typeof table;
        readings.push(...(await readTable(engines.judge, [file], own, engines.temporaryFolder)));
      }
      appendFileSync(join(folder, 'transaction_items.csv'), 'half a record');
      const staging = postgres.transaction(async (sql) => {
        await createStaging(sql, 1);
        await stageAll(sql, engines, { readings } as unknown as Batch, 1, createStopwatch(tickingClock()));
      });
      await expect(staging).rejects.toMatchObject({ code: 'MR-IN-010' });
    });
  });
});
