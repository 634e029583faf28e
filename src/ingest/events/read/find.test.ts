/** Which files of events are found, what is told of them, and what is refused. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { makeFolder, smallLimits, writeFiles } from '../../../../tests/setup/fixtures.ts';
import { openDuckDB, sqlText } from '../../../stores/duckdb/duckdb.ts';
import { findEventFiles } from './find.ts';

const event = '{"event_id":"EVT_1"}\n';

describe('folders', () => {
  test('are searched to any depth by name, and what is left out is told', async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    mkdirSync(join(folder, '.hidden'));
    const taken = ['a/1.ndjson', 'a/b/2.JSONL', 'a/b/3.json.gz', 'a/b/4.ndjson.zst', 'a/b/5.parquet', '6.json'];
    const left = ['.hidden/7.json', '.8.json', '9.csv', 'a/10.ndjson.bak', 'a/11.parquet.gz', 'a/12.ndjson.gz.part'];
    for (const name of [...taken, ...left]) writeFileSync(join(folder, name), event);
    symlinkSync(join(folder, '6.json'), join(folder, 'link.json'));
    symlinkSync(folder, join(folder, 'circle'));
    symlinkSync(join(folder, 'nothing'), join(folder, 'broken.json'));
    const { files, ignored } = await findEventFiles([folder]);
    expect(files.map(({ name }) => name)).toEqual([
      '6.json',
      'a/1.ndjson',
      'a/b/2.JSONL',
      'a/b/3.json.gz',
      'a/b/4.ndjson.zst',
      'a/b/5.parquet',
      'link.json',
    ]);
    const expected = [
      '.8.json',
      '.hidden',
      '9.csv',
      'a/10.ndjson.bak',
      'a/11.parquet.gz',
      'a/12.ndjson.gz.part',
      'broken.json',
      'circle',
    ];
    expect(ignored).toEqual(expected.map((name) => join(folder, name)));
  });

  test('and files that are named themselves come in the order given, each once', async () => {
    const folder = writeFiles({ 'b.ndjson': event, 'a.txt': event });
    const [a, b] = [join(folder, 'a.txt'), join(folder, 'b.ndjson')];
    const { files } = await findEventFiles([a, folder, b]);
    expect(files.map(({ path }) => path)).toEqual([a, b]);
  });

  test('leave out Parquet without a column for the ids of events', async () => {
    const folder = makeFolder();
    const parquet = async (name: string, columns: string): Promise<string> => {
      const path = join(folder, name);
      const duckdb = await openDuckDB(':memory:', smallLimits(folder));
      try {
        await duckdb.run(`COPY (SELECT ${columns}) TO ${sqlText(path)} (FORMAT parquet)`);
      } finally {
        duckdb.close();
      }
      return path;
    };
    const events = await parquet('clicks.parquet', `'EVT_1' AS event_id, 'page_view' AS event_type`);
    const others = await parquet('others.parquet', `'x' AS last_event_id, 'the event_id' AS note`);
    const catalog = await parquet('catalog.parquet', `'P1' AS product_id`);
    const { files, ignored } = await findEventFiles([folder]);
    expect(files.map(({ path }) => path)).toEqual([events]);
    expect(ignored.filter((path) => path.endsWith('.parquet'))).toEqual([catalog, others]);
    expect((await findEventFiles([catalog])).files.map(({ path }) => path)).toEqual([catalog]);
    truncateSync(events, statSync(events).size - 1);
    expect((await findEventFiles([folder])).files.map(({ path }) => path)).toEqual([events]);
    rmSync(events);
    await expect(findEventFiles([folder])).rejects.toMatchObject({ code: 'MR-IN-015' });
  });

  test('without any are refused', async () => {
    const folder = writeFiles({ 'a.csv': event });
    await expect(findEventFiles([folder])).rejects.toMatchObject({ code: 'MR-IN-015', exitCode: 2 });
  });
});

test('nothing at the path, and what is neither file nor folder, is refused', async () => {
  await expect(findEventFiles([join(makeFolder(), 'x')])).rejects.toMatchObject({ code: 'MR-IN-001' });
  await expect(findEventFiles(['/dev/null'])).rejects.toMatchObject({ code: 'MR-IN-009' });
});

describe('a file', () => {
  async function look(content: string | Buffer): Promise<unknown> {
    const { files } = await findEventFiles([join(writeFiles({ file: content }), 'file')]);
    return files[0];
  }

  test.each<readonly [string, string | Buffer, object]>([
    ['lines', event, { format: 'ndjson', compression: 'none', regular: true, records: 1 }],
    ['nothing', '', { format: 'ndjson', regular: true, records: 0 }],
    ['lines, packed', gzipSync(event), { format: 'ndjson', compression: 'gzip', regular: false }],
    ['an array', ` \n\t[${event}]`, { format: 'array', compression: 'none', regular: false }],
    ['an array, packed', zstdCompressSync(Buffer.from(`[${event}]`)), { format: 'array', compression: 'zstd' }],
    ['an array behind a byte order mark', `\uFEFF[${event}]`, { format: 'array', encoding: 'utf-8' }],
    ['an array in UTF-16', Buffer.from('\uFEFF[{}]', 'utf16le'), { format: 'array', encoding: 'utf-16le' }],
    ['an array of lines', '[\n{"a":1}\n,{"a":2}\n]', { format: 'array' }],
    ['an array that begins with an element', '[{"a":1},\n{"a":2}]', { format: 'array' }],
    ['an array in pretty print', '[\n  {\n    "a": 1\n  }\n]\n', { format: 'array' }],
    ['an array on one line', '[{"a":1}]\n\n', { format: 'array' }],
    ['lines of which the first is an array', '[1]\n{"a":2}\n', { format: 'ndjson' }],
    ['lines of which the first is a broken array', '[[\n{"a":2}\n', { format: 'ndjson' }],
    ['Parquet', Buffer.from('PAR1....PAR1'), { format: 'parquet', compression: 'none', regular: false }],
    ['a byte order mark', `\uFEFF${event}`, { format: 'ndjson', regular: false }],
    ['CR LF', '{}\r\n', { regular: false, lineEnd: 'LF' }],
    ['CR', '{}\r{}\r', { regular: false, lineEnd: 'CR' }],
    ['NUL', '{}\n\0', { regular: false }],
    ['the separator', '\x1f', { regular: false }],
    ['what is no UTF-8', Buffer.from('{}\n\xe9', 'latin1'), { regular: false }],
    ['UTF-8 that is cut off', Buffer.from('€').subarray(0, 2), { regular: false }],
    ['a line of 1 MiB', 'x'.repeat(1 << 20), { regular: true, records: 1 }],
    ['a longer line', 'x'.repeat((1 << 20) + 1), { regular: false }],
    [
      'characters over the limits of chunks',
      `${`${'€'.repeat(1000)}\n`.repeat(1500)}`,
      { regular: true, records: 1500 },
    ],
  ])('with %s', async (_what, content, expected) => {
    const bytes = Buffer.from(content);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(await look(content)).toMatchObject({ name: 'file', sha256, bytes: bytes.length, ...expected });
  });

  test.each([
    ['a spreadsheet', Buffer.from('PK\x03\x04....')],
    ['a packed spreadsheet', gzipSync(Buffer.from('PK\x03\x04....'))],
    ['packed Parquet', zstdCompressSync(Buffer.from('PAR1....PAR1'))],
  ])('that is %s is refused', async (_what, content) => {
    await expect(look(content)).rejects.toMatchObject({ code: 'MR-IN-005', exitCode: 1 });
  });

  test('that is no archive behind its first bytes is refused', async () => {
    await expect(look(Buffer.from('\x1f\x8b\x08 no archive', 'latin1'))).rejects.toMatchObject({ code: 'MR-IN-014' });
  });
});
