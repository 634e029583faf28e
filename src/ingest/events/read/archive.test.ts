/** The archive of event files: the bytes as received, for their owner alone, found again or known to be gone. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { makeFolder, writeFiles } from '../../../../tests/setup/fixtures.ts';
import { archivedEventName, archiveEvents, loadedAs, openArchived, packOnTheWay } from './archive.ts';
import { type EventFile, findEventFiles } from './find.ts';

const day = '2026-11-21';
const contents = {
  'a.ndjson': '{"a":1}\n',
  'b.json': '[{"a":1}]',
  'c.parquet': 'PAR1 as it is PAR1',
  'd.ndjson.gz': gzipSync('{"a":2}\n'),
  'e.json.zst': zstdCompressSync(Buffer.from('[{"a":2}]')),
  'f.jsonl': '{"a":1}\n',
} as const;

const archivedOf = (file: EventFile) => ({
  ...file,
  batch: 'batch_1',
  file: file.name,
  archivedAs: archivedEventName(file, day),
});

test('each content is kept once a day, under its hash, and given back as it was received', async () => {
  const received = writeFiles(contents);
  const { files } = await findEventFiles([received]);
  const raw = join(makeFolder(), 'raw', 'events');
  await archiveEvents(raw, files, day);
  await archiveEvents(raw, files, day);
  const names = [...new Set(files.map((file) => archivedEventName(file, day)))].sort();
  expect(names.map((name) => name.replace(/[0-9a-f]{64}/, 'HASH')).sort()).toEqual(
    ['json.zst', 'json.zst', 'ndjson.gz', 'ndjson.zst', 'parquet'].map((end) => `received_date=${day}/HASH.${end}`),
  );
  expect(readdirSync(raw, { recursive: true }).sort()).toEqual([`received_date=${day}`, ...names]);
  for (const path of [raw, join(raw, `received_date=${day}`)]) expect(statSync(path).mode & 0o777).toBe(0o700);
  for (const name of names) expect(statSync(join(raw, name)).mode & 0o777).toBe(0o600);
  for (const file of files) {
    const opened = await openArchived(raw, archivedOf(file), makeFolder());
    const { path, modifiedAt, ...same } = file;
    expect(opened).toMatchObject(same);
    expect(readFileSync(opened.path).equals(readFileSync(path))).toBe(true);
  }
});

test('a large file that is new is packed while it is looked at, and that copy is kept', async () => {
  const received = writeFiles(contents);
  const raw = join(makeFolder(), 'raw', 'events');
  const loaded = loadedAs({ path: join(received, 'b.json'), bytes: contents['b.json'].length });
  const pack = packOnTheWay(raw, new Set([loaded]), contents['a.ndjson'].length);
  const { files } = await findEventFiles([received], pack);
  expect(files.filter(({ draft }) => draft).map(({ name }) => name)).toEqual(['a.ndjson', 'f.jsonl']);
  expect(files.map(({ draft, ...file }) => file)).toEqual((await findEventFiles([received])).files);
  for (const { draft = '' } of files.filter(({ draft }) => draft)) {
    expect(statSync(draft).mode & 0o777).toBe(0o600);
    expect(dirname(dirname(draft))).toBe(raw);
  }
  await archiveEvents(raw, files, day);
  expect(readdirSync(raw)).toEqual([`received_date=${day}`]);
  for (const file of files) {
    const { path } = await openArchived(raw, archivedOf(file), makeFolder());
    expect(readFileSync(path).equals(readFileSync(file.path))).toBe(true);
  }
});

test('a copy that cannot be written ends the look at its file', async () => {
  const received = writeFiles({ 'a.ndjson': '{"a":1}\n'.repeat(1 << 19) });
  const full = packOnTheWay('/dev/null', new Set(), 1);
  await expect(findEventFiles([received], full)).rejects.toMatchObject({ code: 'ENOTDIR' });
});

test('a copy that is gone, damaged or another one is refused', async () => {
  const { files } = await findEventFiles([writeFiles(contents)]);
  const raw = makeFolder();
  await archiveEvents(raw, files, day);
  for (const file of files) {
    const copy = join(raw, archivedEventName(file, day));
    for (const spoil of [
      () => writeFileSync(copy, zstdCompressSync(Buffer.from('{}'))),
      () => writeFileSync(copy, 'no archive'),
      () => rmSync(copy),
    ]) {
      spoil();
      await expect(openArchived(raw, archivedOf(file), makeFolder())).rejects.toMatchObject({
        code: 'MR-BAT-004',
        details: { batch: 'batch_1', file: file.name },
      });
    }
  }
});
