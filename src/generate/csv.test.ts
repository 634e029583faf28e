/** What is written is read back as it was, and nothing half written bears a file's own name. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type DuckDB, openDuckDB, sqlText } from '../stores/duckdb/duckdb.ts';
import { createCsv } from './csv.ts';

let root: string;
let folder: string;
let db: DuckDB;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'millrace-csv-'));
  db = await openDuckDB(':memory:', { memory: '256MiB', threads: 1, temporaryFolder: join(root, 'tmp') });
});

beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
});

afterAll(() => {
  db.close();
  rmSync(root, { recursive: true });
});

describe('createCsv', () => {
  test('any text survives, with commas, quotes, line ends and spaces', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ü', ',', '"', '\n', '\r', ' ', '7'), maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 30 }), async (texts) => {
        const path = join(folder, 'texts.csv');
        const file = await createCsv(path, ['number', 'text']);
        texts.forEach((value, index) => {
          file.add([index, value]);
        });
        await file.finish();
        await file.reveal();
        const read = await db.rows<{ text: string | null }>(
          `SELECT text FROM read_csv(${sqlText(path)}, header = true, delim = ',', quote = '"', escape = '"',
             columns = {'number': 'INTEGER', 'text': 'VARCHAR'}, parallel = false) ORDER BY number`,
        );
        expect(read.map((row) => row.text ?? '')).toEqual(texts);
      }),
      { numRuns: 50 },
    );
  });

  test('has its own name only once it is whole, and the earlier file stands until then', async () => {
    const path = join(folder, 'orders.csv');
    writeFileSync(path, 'id\n1\n');
    const file = await createCsv(path, ['id']);
    for (let row = 0; row < 200_000; row += 1) file.add([row]);
    await file.drain();
    expect(readFileSync(path, 'utf8')).toBe('id\n1\n');
    await file.finish();
    expect(readFileSync(path, 'utf8')).toBe('id\n1\n');
    await file.reveal();
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines).toHaveLength(200_002);
    expect(lines.slice(-3)).toEqual(['199998', '199999', '']);
    expect(file.rows).toBe(200_000);
    expect(readdirSync(folder)).toEqual(['orders.csv']);
  });

  test('leaves nothing when it is discarded, before or after it was finished', async () => {
    for (const finished of [false, true]) {
      const path = join(folder, 'orders.csv');
      const file = await createCsv(path, ['id']);
      if (finished) await file.finish();
      await file.discard();
      expect(existsSync(path)).toBe(false);
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  test('overwrites what a killed writer left', async () => {
    const path = join(folder, 'orders.csv');
    const killed = await createCsv(path, ['id']);
    killed.add(['a row that is longer than all that follows']);
    await killed.finish();
    const file = await createCsv(path, ['id']);
    file.add([1]);
    await file.finish();
    await file.reveal();
    expect(readFileSync(path, 'utf8')).toBe('id\n1\n');
  });
});
