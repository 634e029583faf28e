/** Samples with defects, loaded: each defect is caught by the rule that it was made for, and no clean row is. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { afterTheLast, makeFolder, makePostgres, smallLimits } from '../../tests/setup/fixtures.ts';
import { load, tickingClock } from '../../tests/setup/pipeline.ts';
import { malformedRule, rules, uniqueKeyRule } from '../contracts/rules.ts';
import { type TableName, tableNames } from '../contracts/tables.ts';
import { generateSample, type SampleOptions } from '../generate/sample.ts';
import { openDuckDB, sqlText } from '../stores/duckdb/duckdb.ts';
import type { Postgres } from '../stores/postgres/postgres.ts';

const shop = { asOf: '2026-11-21', customers: 60, products: 40, transactions: 300, dirty: 0.2 };
const clock = tickingClock('2026-11-21T12:00:00Z');
const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** A row of the manifest. */
interface Listed {
  readonly file: string;
  readonly line: number;
  readonly outcome: 'error' | 'warn' | 'dependent' | 'duplicate' | 'superseded' | 'malformed';
  readonly rule: string;
}

/** What was listed, and what the load made of the files. */
interface Loaded {
  readonly listed: readonly Listed[];
  /** 'file:line rule' of each row in quarantine. */
  readonly quarantined: readonly string[];
  /** rule -> rows, of the warnings that were counted. */
  readonly warned: Readonly<Record<string, number>>;
  /** table -> rows. */
  readonly duplicate: Readonly<Record<string, number>>;
  readonly superseded: Readonly<Record<string, number>>;
  readonly received: Readonly<Record<string, number>>;
}

const atEnd = afterTheLast();
let postgres: Postgres;
const loads = new Map<string, Promise<Loaded>>();

beforeAll(async () => {
  postgres = await makePostgres(atEnd);
});

async function readManifest(path: string): Promise<readonly Listed[]> {
  const duckdb = await openDuckDB(':memory:', smallLimits(makeFolder(atEnd)));
  try {
    return await duckdb.rows<Listed>(
      `SELECT file, line::INTEGER AS line, outcome, coalesce(rule, '') AS rule
       FROM read_csv(${sqlText(path)}, header = true, all_varchar = true, quote = '"', escape = '"')`,
    );
  } finally {
    duckdb.close();
  }
}

const counted = (names: readonly string[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

const above0 = (rows: readonly { readonly name: string; readonly count: number }[]): Readonly<Record<string, number>> =>
  Object.fromEntries(rows.filter(({ count }) => count > 0).map(({ name, count }) => [name, count]));

const tableOf = ({ file }: Listed): string => file.replace(/^.*\//, '').replace('.csv', '');

const place = ({ file, line, rule }: Listed): string => `${file}:${line} ${rule}`;

/** Loads a sample's exports in their order, as a source of its own. */
async function loadDirty(source: string, options: SampleOptions): Promise<Loaded> {
  const folder = makeFolder(atEnd);
  const { batches, manifest = '' } = await generateSample(folder, options);
  const quarantined: string[] = [];
  for (const batch of batches) {
    const prefix = batch.folder && `${batch.folder}/`;
    const { batch: id } = await load(postgres, join(folder, batch.folder), { source, clock, atEnd, asOf: batch.asOf });
    const rows = await postgres.rows<{ file: string; line: number; rules: readonly string[] }>(
      'SELECT file, line_number AS line, rules FROM ops.quarantine WHERE batch_id = $1',
      [id],
    );
    quarantined.push(...rows.map(({ file, line, rules: broken }) => `${prefix}${file}:${line} ${broken.join(' + ')}`));
  }
  const warned = await postgres.rows<{ name: string; count: number }>(
    `SELECT rule AS name, sum(broken)::integer AS count FROM ops.quality_results JOIN ops.batches USING (batch_id)
     WHERE source = $1 AND severity = 'warn' GROUP BY rule`,
    [source],
  );
  const booked = await postgres.rows<{ name: string; duplicate: number; superseded: number; received: number }>(
    `SELECT table_name AS name, sum(duplicate)::integer AS duplicate, sum(superseded)::integer AS superseded,
       sum(received)::integer AS received
     FROM ops.ledger JOIN ops.batches USING (batch_id) WHERE source = $1 GROUP BY table_name`,
    [source],
  );
  const bookedAs = (column: 'duplicate' | 'superseded' | 'received') =>
    above0(booked.map((row) => ({ name: row.name, count: row[column] })));
  return {
    listed: await readManifest(manifest),
    quarantined,
    warned: above0(warned),
    duplicate: bookedAs('duplicate'),
    superseded: bookedAs('superseded'),
    received: bookedAs('received'),
  };
}

const loadSeed = (seed: number): Promise<Loaded> => {
  const source = `seed_${seed}`;
  const loading = loads.get(source) ?? loadDirty(source, { ...shop, seed });
  loads.set(source, loading);
  return loading;
};

/** Rules that the load judges; the generator may know more of them. */
const judged = new Set([...rules.map(({ id }) => id), ...tableNames.map((table: TableName) => uniqueKeyRule(table))]);

function expectEachCaught({ listed, quarantined, warned, duplicate, superseded }: Loaded): void {
  const of = (...outcomes: readonly Listed['outcome'][]) => listed.filter(({ outcome }) => outcomes.includes(outcome));
  expect(quarantined.toSorted()).toEqual(of('error', 'dependent', 'malformed').map(place).sort());
  const warnings = of('warn', 'superseded').filter(({ rule }) => judged.has(rule));
  expect(warned).toEqual(counted(warnings.map(({ rule }) => rule)));
  expect(duplicate).toEqual(counted(of('duplicate').map(tableOf)));
  expect(superseded).toEqual(counted(of('superseded').map(tableOf)));
}

describe('a sample with defects', () => {
  test.each(seeds)(
    'of seed %i: each is caught by the rule it was made for, and no clean row is quarantined',
    async (seed) => {
      expectEachCaught(await loadSeed(seed));
    },
  );

  test.each([1, 2])('of seed %i in three exports, one after the other: the same', async (seed) => {
    const loaded = await loadDirty(`exports_${seed}`, { ...shop, seed, batches: 3 });
    expectEachCaught(loaded);
    expect(new Set(loaded.listed.map(({ file }) => file.split('/')[0])).size).toBe(3);
  });

  test('breaks every rule', async () => {
    const listed = (await Promise.all(seeds.map(loadSeed))).flatMap((loaded) => loaded.listed);
    const broken = new Set(listed.filter(({ outcome }) => outcome !== 'dependent').map(({ rule }) => rule));
    expect([...judged, malformedRule].filter((rule) => !broken.has(rule))).toEqual([]);
  });

  test('has defects in about the share of rows that was asked for', async () => {
    const { listed, received } = await loadSeed(1);
    const defects = listed.filter(({ outcome }) => outcome !== 'dependent').length;
    const rows = Object.values(received).reduce((sum, count) => sum + count, 0);
    expect(defects / rows).toBeGreaterThan(0.1);
    expect(defects / rows).toBeLessThan(0.25);
  });
});
