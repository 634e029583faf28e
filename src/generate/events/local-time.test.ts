/** Times of the shop's clock become the instants that ingestion makes of them, whatever the zone. */
import { beforeAll, expect, test } from 'vitest';
import { afterTheLast, makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import { judgeMacros } from '../../contracts/judge.ts';
import { type DuckDB, openDuckDB } from '../../stores/duckdb/duckdb.ts';
import { shopClock } from './local-time.ts';

const atEnd = afterTheLast();
let db: DuckDB;

beforeAll(async () => {
  db = await openDuckDB(':memory:', smallLimits(makeFolder(atEnd)));
  atEnd(() => db.close());
});

const from = Date.UTC(2021, 0, 1) / 1000;
const step = 1799;
const count = (4 * 366 * 86_400) / step;

test.each([
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Asia/Beirut',
  'Africa/Cairo',
  'Australia/Lord_Howe',
  'Pacific/Auckland',
  'Pacific/Kiritimati',
])('four years in %s', async (timeZone) => {
  await db.run(judgeMacros({ timeZone, asOf: '2026-01-01' }));
  const rows = await db.rows<{ local: number; at: number }>(
    `SELECT ${from} + ${step} * range AS local,
       epoch_ms(local_to_utc(make_timestamp((${from} + ${step} * range) * 1000000)))::DOUBLE AS at FROM range(${Math.floor(count)})`,
  );
  const clock = shopClock(timeZone);
  expect(rows.length).toBeGreaterThan(50_000);
  expect(rows.filter(({ local, at }) => clock(local) !== at)).toEqual([]);
});

test.each([
  ['a time that comes twice is the first', '2025-10-26T02:30:00', '2025-10-26T00:30:00.000Z'],
  ['a time that is left out moves forward', '2025-03-30T02:30:00', '2025-03-30T01:30:00.000Z'],
  ['summer', '2025-07-01T12:00:00', '2025-07-01T10:00:00.000Z'],
  ['winter', '2025-01-01T00:30:00', '2024-12-31T23:30:00.000Z'],
])('in Berlin: %s', (_what, local, instant) => {
  const at = shopClock('Europe/Berlin')(Date.parse(`${local}Z`) / 1000);
  expect(new Date(at).toISOString()).toBe(instant);
});
