/** Homes whose events are loaded, fixed, replayed and put together by commands that are killed and given again. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { createRandom } from '../../src/generate/random.ts';
import { openDuckDB, sqlPath } from '../../src/stores/duckdb/duckdb.ts';
import { smallLimits } from '../setup/fixtures.ts';
import { type Contents, type Home, readDatabase, withPostgres } from './crash.ts';
import type { KilledSteps } from './homes.ts';
import { ask, crashSteps, type Step, stepUndisturbed } from './steps.ts';

/** Files of events with all that can become of one, and how many of their lines are no duplicates. */
export interface EventFiles {
  readonly folder: string;
  /** Ids of the events that the lake must have in the end, each once. */
  readonly ids: ReadonlySet<string>;
}

const eventsPerFile = 6_000;
const days = 20;

interface Made {
  readonly id: string;
  readonly line: string;
}

/** An event that breaks no rule. */
function makeEvent(number: number, draw: () => number): Made {
  const id = `EVT_${String(number).padStart(16, '0')}`;
  const at = new Date(Date.UTC(2026, 0, 1) + Math.floor(draw() * days * 86_400_000));
  const user = Math.floor(draw() * 300);
  return {
    id,
    line: JSON.stringify({
      event_id: id,
      event_type: 'page_view',
      user_id: `U${user}`,
      session_id: `S${user}-${at.getUTCDate()}`,
      event_timestamp: at.toISOString(),
      device_type: 'mobile',
      traffic_source: 'direct',
    }),
  };
}

/** Writes three files: the second repeats some events of the first and contradicts others; each has broken lines. */
export function makeEventFiles(folder: string): EventFiles {
  mkdirSync(folder, { recursive: true });
  const random = createRandom(1, 0);
  const draw = (): number => random.fraction();
  const files = [0, 1, 2].map((file) =>
    Array.from({ length: eventsPerFile }, (_, index) => makeEvent(file * eventsPerFile + index, draw)),
  );
  const [first = [], second = [], third = []] = files;
  const contradicted = first.slice(0, 20).map(({ line }) => line.replace('"mobile"', '"tablet"'));
  const broken = ['{"event_id":', '[]', '{"event_id":"EVT_X"}'];
  const lostWord = makeEvent(9_000_000, draw).line.replace('page_view', 'wishlist_add');
  const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
  const linesOf = (events: readonly Made[]): readonly string[] => events.map(({ line }) => line);
  writeFileSync(join(folder, 'first.ndjson'), text([...linesOf(first), lostWord, ...broken]));
  writeFileSync(
    join(folder, 'second.ndjson.gz'),
    gzipSync(text([...broken, ...linesOf(second), ...linesOf(first.slice(10, 500)), ...contradicted])),
  );
  writeFileSync(join(folder, 'third.json'), `[${linesOf(third).join(',\n')}]`);
  const ids = new Set([...files.flat().map(({ id }) => id), makeEvent(9_000_000, draw).id]);
  return { folder, ids };
}

const load = (file: string): Step => ({ words: async () => ['ingest', 'events', file, '--json'] });

const fixType: Step = {
  words: async (connect) => {
    const query = `SELECT quarantine_id::text AS value FROM ops.quarantine WHERE $1 = ANY(rules) ORDER BY quarantine_id LIMIT 1`;
    const id = await ask(connect, query, ['events.event_type.known']);
    return ['quarantine', 'fix', id, '--set', 'event_type=page_view', '--json'];
  },
};

const stepsOf = ({ folder }: EventFiles): readonly Step[] => [
  load(join(folder, 'first.ndjson')),
  fixType,
  load(join(folder, 'second.ndjson.gz')),
  { words: async () => ['quarantine', 'replay', '--json'] },
  load(join(folder, 'third.json')),
  { words: async () => ['lake', 'compact', '--json'] },
  load(folder),
];

/** What a query finds in the current files of the lake's events, as the relation `events`. */
async function askLake<T>(home: Home, query: string): Promise<readonly T[]> {
  const files = await withPostgres(home, (sql) =>
    sql.rows<{ path: string }>(`SELECT path FROM ops.lake_files WHERE dataset = 'lake.events' AND retired_at IS NULL`),
  );
  const duckdb = await openDuckDB(':memory:', smallLimits(home.folder));
  try {
    const paths = files.map(({ path }) => sqlPath(join(home.folder, 'lake', path))).join(', ');
    return await duckdb.rows<T>(`WITH events AS (FROM read_parquet([${paths}])) ${query}`);
  } finally {
    duckdb.close();
  }
}

/** The ids of the lake's events. */
export async function readEventIds(home: Home): Promise<readonly string[]> {
  const rows = await askLake<{ id: string }>(home, 'SELECT event_id AS id FROM events');
  return rows.map(({ id }) => id);
}

/** What the lake has, without when it was received. */
async function readLakeRows(home: Home): Promise<readonly string[]> {
  const query = 'SELECT t::VARCHAR AS "row" FROM (SELECT * EXCLUDE (received_at) FROM events) AS t ORDER BY 1';
  return (await askLake<{ row: string }>(home, query)).map(({ row }) => row);
}

/** All that a home holds, the rows of the lake too. */
export const readAll = async (home: Home): Promise<Contents> =>
  new Map([...(await readDatabase(home)), ['rows of the lake', await readLakeRows(home)]]);

const expectEachOnce =
  ({ ids }: EventFiles) =>
  async (home: Home): Promise<void> => {
    const found = await readEventIds(home);
    expect(found.length).toBe(ids.size);
    expect(new Set(found)).toEqual(ids);
  };

/** The steps, over the same files for all homes. */
export const killedEvents: KilledSteps<EventFiles> = {
  title: 'events that are killed',
  make: makeEventFiles,
  undisturbed: (files) => stepUndisturbed(stepsOf(files), expectEachOnce(files), readAll),
  kill: (kills, files, undisturbed) => crashSteps(kills, stepsOf(files), undisturbed, expectEachOnce(files), readAll),
};
