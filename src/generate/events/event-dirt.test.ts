/** Events with defects: each breaks the rules that it is listed with, and everything else is the clean sample's. */
import { isUtf8 } from 'node:buffer';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { afterTheLast, makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import { baseContract, eventRules } from '../../contracts/events/event-contract.ts';
import { eventJudge } from '../../contracts/events/judge-one.ts';
import { brokenEventRules, judgeEventsStatement } from '../../contracts/events/judge-sql.ts';
import { referenceContracts, referenceNames } from '../../contracts/events/reference-data.ts';
import { type DuckDB, openDuckDB, sqlText } from '../../stores/duckdb/duckdb.ts';
import { generateSample, type Sample, type SampleOptions } from '../sample.ts';
import { eventDefects } from './event-defects.ts';

const asOf = '2026-11-21';
const receivedAt = new Date(`${asOf}T00:00:00Z`);
const clean: SampleOptions = { seed: 1, asOf, customers: 40, products: 30, transactions: 150, events: 4_000 };
const dirty: SampleOptions = { ...clean, dirty: 0.1 };

const atEnd = afterTheLast();
let db: DuckDB;

beforeAll(async () => {
  db = await openDuckDB(':memory:', smallLimits(makeFolder(atEnd)));
  atEnd(() => db.close());
});

/** A line that is not blank, without its end. */
interface Received {
  /** The file's path in the sample. */
  readonly file: string;
  readonly line: number;
  readonly bytes: Buffer;
}

/** The parts of a file between the bytes 0x0A, without 0x0D before them and a byte order mark at the start. */
function linesOf(root: string, path: string): readonly Received[] {
  const content = readFileSync(path);
  const file = path.slice(root.length + 1);
  const lines: Received[] = [];
  let from = content.subarray(0, 3).toString('hex') === 'efbbbf' ? 3 : 0;
  for (let line = 1; from < content.length; line += 1) {
    const end = content.indexOf(0x0a, from);
    const last = content[end - 1] === 0x0d ? end - 1 : end;
    const bytes = content.subarray(from, last);
    if (bytes.toString().replace(/[ \t]/g, '') !== '') lines.push({ file, line, bytes });
    from = end + 1;
  }
  return lines;
}

interface Listed {
  readonly file: string;
  readonly line: number;
  readonly outcome: string;
  readonly rules: string;
  readonly planted: string;
}

const readList = (path: string): Promise<readonly Listed[]> =>
  db.rows<Listed>(`SELECT file, line::INTEGER AS line, outcome, coalesce(rules, '') AS rules, coalesce(planted, '') AS planted
    FROM read_csv(${sqlText(path)}, header = true, all_varchar = true, quote = '"', escape = '"')`);

interface Made {
  readonly sample: Sample;
  readonly received: readonly Received[];
  readonly list: readonly Listed[];
}

async function make(options: SampleOptions): Promise<Made> {
  const folder = makeFolder(atEnd);
  const sample = await generateSample(folder, options);
  const received = sample.events.flatMap(({ path }) => linesOf(folder, path));
  return { sample, received, list: sample.eventManifest ? await readList(sample.eventManifest) : [] };
}

const place = ({ file, line }: { readonly file: string; readonly line: number }): string => `${file}:${line}`;

const judge = eventJudge(baseContract);

/** A reader sets lines apart that are no text. */
const isText = (bytes: Buffer): boolean => isUtf8(bytes) && !bytes.includes(0);

const brokenBy = ({ bytes }: Received): string =>
  isText(bytes) ? judge(bytes.toString(), receivedAt).join('+') : 'events.record.malformed';

const isBroken = ({ outcome }: Listed): boolean => outcome === 'error' || outcome === 'malformed';

const ofEvents = ({ file }: Listed): boolean => file.endsWith('.ndjson');

describe.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('seed %i', (seed) => {
  let made: Made;
  let listed: ReadonlyMap<string, Listed>;

  beforeAll(async () => {
    made = await make({ ...dirty, seed, batches: seed % 3 === 0 ? 3 : 1 });
    listed = new Map(made.list.filter(ofEvents).map((row) => [place(row), row]));
  });

  test('lines break the rules that they are listed with, and no others', () => {
    const expected = (line: Received): string => {
      const row = listed.get(place(line));
      return row && isBroken(row) ? row.rules : '';
    };
    const wrong = made.received.filter((line) => brokenBy(line) !== expected(line));
    expect(wrong.map((line) => `${place(line)} ${brokenBy(line)}, listed: ${expected(line)}`)).toEqual([]);
    expect([...listed.keys()].filter((key) => !made.received.some((line) => place(line) === key))).toEqual([]);
  });

  test('duplicates repeat a line before them, conflicts its id alone', () => {
    const seen = new Map<string, string>();
    const wrong = made.received.filter((line) => {
      const row = listed.get(place(line));
      if (row && isBroken(row)) return false;
      const text = line.bytes.toString();
      const id = String(JSON.parse(text).event_id);
      const before = seen.get(id);
      seen.set(id, before ?? text);
      if (row?.outcome === 'duplicate') return before !== text;
      return row?.outcome === 'conflict' ? before === undefined || before === text : before !== undefined;
    });
    expect(wrong.map(place)).toEqual([]);
  });

  test('what remains is the clean sample, in the same files but for what is late', async () => {
    const { received } = await make({ ...clean, seed, batches: seed % 3 === 0 ? 3 : 1 });
    const kept = made.received.filter((line) => [undefined, 'late'].includes(listed.get(place(line))?.outcome));
    const byText = new Map(received.map(({ file, bytes }) => [bytes.toString(), file]));
    expect(kept.map(({ bytes }) => bytes.toString()).sort()).toEqual([...byText.keys()].sort());
    for (const line of kept) {
      const file = byText.get(line.bytes.toString()) ?? '';
      if (listed.has(place(line))) expect(line.file > file).toBe(true);
      else expect(line.file).toBe(file);
    }
  });

  test('personal data stands where it is listed, and new fields do', () => {
    const lines = new Map(made.received.map((line) => [place(line), line.bytes.toString()]));
    for (const row of made.list) {
      if (row.outcome === 'masked') expect(lines.get(place(row))).toContain(row.planted);
      if (row.outcome === 'drift') expect(Object.keys(JSON.parse(lines.get(place(row)) ?? ''))).toContain(row.planted);
    }
  });
});

describe('a sample', () => {
  let made: Made;

  beforeAll(async () => {
    made = await make({ ...dirty, seed: 21 });
  });

  test('has a defect for every rule, and everything else that can happen to a line', () => {
    const rules = new Set(made.list.filter(ofEvents).flatMap(({ rules }) => rules.split('+')));
    expect([...rules].filter((rule) => rule !== '').sort()).toEqual(
      ['events.event_id.unique', ...eventRules(baseContract).map(({ id }) => id)].sort(),
    );
    expect([...new Set(made.list.map(({ outcome }) => outcome))].sort()).toEqual(
      ['conflict', 'drift', 'duplicate', 'error', 'late', 'malformed', 'masked'].sort(),
    );
    const kinds = new Set(made.list.filter(({ outcome }) => outcome === 'malformed').map(({ planted }) => planted));
    expect(kinds.size).toBe(eventDefects.filter(({ outcome }) => outcome === 'malformed').length);
  });

  test('has about the share of defects asked for', () => {
    const share = made.list.length / (clean.events ?? 1);
    expect(share).toBeGreaterThan(0.08);
    expect(share).toBeLessThan(0.13);
  });

  test('has blank lines, marks at the start of files, and both kinds of line ends', () => {
    const contents = made.sample.events.map(({ path }) => readFileSync(path, 'latin1'));
    expect(contents.filter((text) => text.startsWith('\xef\xbb\xbf')).length).toBe(12);
    expect(contents.filter((text) => text.includes('\r\n')).length).toBe(12);
    expect(contents.filter((text) => /\n[ \t]*\r?\n/.test(text)).length).toBeGreaterThan(2);
    for (const [index, { lines }] of made.sample.events.entries()) {
      expect(contents[index]?.split('\n').length).toBe(lines + 1);
    }
  });

  test('is judged by DuckDB as it is listed', async () => {
    await db.run('CREATE OR REPLACE TABLE received_events (file_number SMALLINT, line VARCHAR)');
    const texts = made.received.filter(({ bytes }) => isText(bytes)).map(({ bytes }) => bytes.toString());
    const small = texts.filter(({ length }) => length < 100_000);
    for (let from = 0; from < small.length; from += 500) {
      const values = small.slice(from, from + 500).map((text) => `(0, ${sqlText(text)})`);
      await db.run(`INSERT INTO received_events VALUES ${values.join(', ')}`);
    }
    await db.run(judgeEventsStatement(baseContract, receivedAt));
    const judged = await db.rows<{ rules: string; lines: number }>(
      `SELECT array_to_string(${brokenEventRules(baseContract)}, '+') AS rules, count(*) AS lines FROM judged_events GROUP BY ALL`,
    );
    const expected = new Map<string, number>();
    const listed = new Map(made.list.filter(isBroken).map((row) => [place(row), row.rules]));
    for (const line of made.received.filter(({ bytes }) => isText(bytes) && bytes.length < 100_000)) {
      const rules = listed.get(place(line)) ?? '';
      expected.set(rules, (expected.get(rules) ?? 0) + 1);
    }
    expect(new Map(judged.map(({ rules, lines }) => [rules, lines]))).toEqual(expected);
  });

  test('lists the rows of reference data that are at fault, with what stands there', async () => {
    const [catalog, profiles] = made.sample.reference;
    const rows = made.list.filter((row) => !ofEvents(row));
    const rules = rows.map((row) => row.rules).filter((rule) => rule !== '');
    expect(rules.toSorted()).toEqual(
      referenceNames
        .map((name) => referenceContracts[name])
        .flatMap(({ name, key, rules: all }) => [`${name}.${key}.unique`, ...all.map(({ id }) => id)])
        .sort(),
    );
    for (const { file, line, outcome, rules: rule, planted } of rows) {
      const isCatalog = file === 'catalog.parquet';
      const key = isCatalog ? 'product_id' : 'user_id';
      const column = outcome === 'error' ? rule.split('.')[1] : key;
      const path = sqlText((isCatalog ? catalog : profiles) ?? '');
      const [row] = await db.rows<{ value: string | null; copies: number; namesakes: number }>(
        `SELECT ${column} AS value, (SELECT count(*) FROM ${path} other WHERE other = faulty.whole) AS copies,
           (SELECT count(*) FROM ${path} other WHERE other.${key} = faulty.${key}) AS namesakes
         FROM (SELECT *, whole, row_number() OVER () AS number FROM ${path} whole) faulty WHERE number = ${line}`,
      );
      if (rule.endsWith('.required')) expect((row?.value ?? '').trim()).toBe('');
      else expect(row?.value?.slice(0, 80)).toBe(planted);
      const times = { duplicate: { copies: 2 }, conflict: { copies: 1 } }[outcome] ?? { namesakes: planted && 1 };
      if (!rule.endsWith('.required')) expect(row).toMatchObject(times);
    }
  });

  test('is repeatable', async () => {
    const again = await make({ ...dirty, seed: 21 });
    expect(again.list).toEqual(made.list);
    const bytes = ({ received }: Made): Buffer => Buffer.concat(received.map((line) => line.bytes));
    expect(bytes(again).equals(bytes(made))).toBe(true);
  });

  test('a clean sample in its place has no list', async () => {
    const folder = makeFolder();
    await generateSample(folder, dirty);
    expect(existsSync(join(folder, 'events-manifest.csv'))).toBe(true);
    await generateSample(folder, clean);
    expect(existsSync(join(folder, 'events-manifest.csv'))).toBe(false);
  });
});
