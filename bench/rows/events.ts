/** Events, from NDJSON to registered Parquet files, beside the least that DuckDB needs for the same files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDuckDB, sqlText } from '../../src/stores/duckdb/duckdb.ts';
import type { EventFigures } from '../load-events.ts';
import { run } from '../psql.ts';
import type { Measured } from '../result.ts';
import type { Bench, Row } from '../row.ts';
import { openHome } from '../shop.ts';

const bench = join(import.meta.dirname, '..');
const peakReporter = new URL('../report-peak.ts', import.meta.url).href;

/** What DuckDB may use; the rest of the process may take `besides` more. */
const memory = 1024;
const besides = 300;

/** Writes a file of events of thirty days in the order of time; `first` is the number of its first event. */
async function writeEvents(context: Bench, name: string, count: number, first: number): Promise<string> {
  const path = join(context.folder, `${name}.ndjson`);
  context.say(`writing ${count.toLocaleString('en-US')} events`);
  const duckdb = await openDuckDB(':memory:', {
    memory: '1GiB',
    threads: undefined,
    temporaryFolder: join(context.folder, 'tmp'),
  });
  const pick = (words: readonly string[], salt: number): string =>
    `[${words.map(sqlText).join(', ')}][1 + (hash(i, ${salt}) % ${words.length})::INTEGER]`;
  try {
    await duckdb.run(`COPY (
      SELECT 'EVT_' || to_base((hash(i) >> 2)::BIGINT, 36, 13)[:12] || to_base(i, 36, 4)[-4:] AS event_id, event_type,
        'CUST' || lpad((hash(i, 1) % 50000)::VARCHAR, 6, '0') AS user_id, 'SES' || substr(md5((i // 6)::VARCHAR), 1, 12) AS session_id,
        strftime(TIMESTAMP '2026-01-01' + to_microseconds(((i - ${first}) * (30 * 86400000000 / ${count}))::BIGINT), '%Y-%m-%dT%H:%M:%S.%gZ')
          AS event_timestamp,
        ${pick(['mobile', 'desktop', 'tablet'], 2)} AS device_type, ${pick(['US', 'GB', 'DE', 'FR'], 3)} AS country_code,
        ${pick(['organic', 'paid_search', 'social', 'email', 'referral', 'direct'], 4)} AS traffic_source,
        'PROD' || lpad((hash(i, 5) % 500)::VARCHAR, 4, '0') AS product_id, 'Home & Kitchen' AS product_category,
        CASE event_type WHEN 'purchase' THEN round((hash(i, 6) % 20000) / 100.0, 2) END AS revenue_amount,
        CASE event_type WHEN 'purchase' THEN {'order_id': 'TXN' || i, 'quantity': 2} END AS properties
      FROM (SELECT i, ${pick(['page_view', 'product_view', 'add_to_cart', 'login', 'begin_checkout', 'purchase', 'page_view'], 7)} AS event_type
        FROM range(${first}, ${first + count}) AS numbers (i)) AS drawn
    ) TO ${sqlText(path)} (FORMAT json)`);
  } finally {
    duckdb.close();
  }
  return path;
}

interface Measurement extends EventFigures {
  readonly mebibytes: number;
}

/** Has files loaded, or the least done with them, by a process of its own in a new home. */
async function measureProcess(
  context: Bench,
  mode: 'load' | 'floor',
  name: string,
  files: readonly string[],
): Promise<Measurement> {
  const { config, postgresUrl } = await openHome(context, name);
  const [figures, peak] = [join(context.folder, `${name}.json`), join(context.folder, `${name}.peak`)];
  // What was written before is brought to the disk first: neither side waits for it.
  await run('sync', []);
  const words = [mode, config.home, postgresUrl, figures, `${memory}MiB`, ...files];
  await run(process.execPath, ['--import', peakReporter, join(bench, 'load-events.ts'), ...words], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, BENCH_PEAK_FILE: peak },
  });
  return {
    ...(JSON.parse(readFileSync(figures, 'utf8')) as EventFigures),
    mebibytes: Number(readFileSync(peak, 'utf8')) / 2 ** 20,
  };
}

interface Pair {
  readonly ours: Measurement;
  readonly floor: Measurement;
}

const last = ({ seconds }: EventFigures): number => seconds.at(-1) ?? Number.NaN;

async function measurePairs(
  context: Bench,
  name: string,
  files: readonly string[],
  rounds: number,
): Promise<readonly Pair[]> {
  const pairs: Pair[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const ours = await measureProcess(context, 'load', `events-${name}-${round}`, files);
    const floor = await measureProcess(context, 'floor', `floor-${name}-${round}`, files);
    context.say(
      `${name}: ${last(ours).toFixed(2)} s, ${ours.mebibytes.toFixed(0)} MiB; floor ${last(floor).toFixed(2)} s`,
    );
    for (const { stage, milliseconds } of ours.stages) context.say(`  ${stage}: ${milliseconds} ms`);
    pairs.push({ ours, floor });
  }
  return pairs;
}

async function measure(context: Bench): Promise<readonly Measured[]> {
  const rounds = Math.min(context.rounds, 5);
  const small = await writeEvents(context, 'small', 1_000_000, 0);
  const large = await writeEvents(context, 'large', 10_000_000, 1_000_000);
  const next = await writeEvents(context, 'next', 1_000_000, 20_000_000);
  const ofSmall = await measurePairs(context, '1m', [small], rounds);
  const ofLarge = await measurePairs(context, '10m', [large], Math.min(rounds, 3));
  const afterLarge: Measurement[] = [];
  for (let round = 0; round < Math.min(rounds, 3); round += 1) {
    afterLarge.push(await measureProcess(context, 'load', `events-after-${round}`, [large, next]));
    context.say(`1 million after 10 million: ${last(afterLarge.at(-1) ?? { seconds: [], stages: [] }).toFixed(2)} s`);
  }
  const beside = (what: string, pairs: readonly Pair[]): Measured => ({
    what,
    unit: 's',
    ours: pairs.map(({ ours }) => last(ours)),
    reference: { name: 'DuckDB alone, copy and hash', values: pairs.map(({ floor }) => last(floor)) },
    aim: { kind: 'time', atMost: 1.5 },
  });
  return [
    beside('1 million events to registered Parquet', ofSmall),
    beside('10 million events to registered Parquet', ofLarge),
    {
      what: 'a million of 10 million events',
      unit: 's',
      ours: ofLarge.map(({ ours }) => last(ours) / 10),
      reference: { name: 'of 1 million', values: ofSmall.map(({ ours }) => last(ours)) },
      aim: { kind: 'time', atMost: 1.2 },
    },
    {
      what: '1 million events after 10 million were loaded',
      unit: 's',
      ours: afterLarge.map(last),
      reference: { name: 'into an empty lake', values: ofSmall.map(({ ours }) => last(ours)) },
      aim: { kind: 'time', atMost: 1.3 },
    },
    {
      what: `10 million events: peak memory, with ${memory} MiB for DuckDB`,
      unit: 'MiB',
      ours: ofLarge.map(({ ours }) => ours.mebibytes),
      aim: { kind: 'limit', atMost: memory + besides },
    },
  ];
}

/** The row. */
export const eventPath: Row = {
  name: 'events',
  description: 'NDJSON to registered Parquet, 1 and 10 million events (long: only when asked for)',
  long: true,
  measure,
};
