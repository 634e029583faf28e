/** Plain events are told from others: what usual programs write is plain, and what is plain a close look finds the same. */
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { extended, receivedAt } from '../../../tests/setup/event-agreement.ts';
import { judgeLines } from '../../../tests/setup/event-lines.ts';
import { makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import { type DuckDB, openDuckDB, type Row } from '../../stores/duckdb/duckdb.ts';
import { baseContract, type EventContract, eventColumns } from './event-contract.ts';
import { lineHash } from './line-hash.ts';
import { screenedEvents } from './screen-sql.ts';

async function openJudge(): Promise<DuckDB> {
  const duckdb = await openDuckDB(':memory:', smallLimits(makeFolder()));
  onTestFinished(() => duckdb.close());
  return duckdb;
}

const struct = (row: string): string =>
  `struct_pack(${eventColumns.map(({ name }) => `${name} := ${row}.${name}`).join(', ')})`;

/** The plain ones of received_events that a close look, which has made judged_events, finds otherwise. */
const misjudged = (contract: EventContract): string => `SELECT screened.*, judged.broken AS found
FROM (${screenedEvents(contract, receivedAt)}) AS screened JOIN judged_events AS judged ON judged.line_hash = ${lineHash('screened.line')}
WHERE screened.plain AND (judged.broken <> 0 OR judged.unknown_fields IS NOT NULL
  OR ${struct('screened')} IS DISTINCT FROM ${struct('judged')})`;

async function countPlain(duckdb: DuckDB, contract: EventContract): Promise<number> {
  const [counted] = await duckdb.rows<{ plain: number }>(
    `SELECT count(*) FILTER (plain) AS plain FROM (${screenedEvents(contract, receivedAt)})`,
  );
  return counted?.plain ?? 0;
}

const plain = {
  event_id: 'EVT_0123456789ABCDEF',
  event_type: 'purchase',
  user_id: 'CUST0001',
  session_id: 'SES 1',
  event_timestamp: '2026-03-01T09:30:00.250Z',
  device_type: 'mobile',
  country_code: 'DE',
  traffic_source: 'organic',
  product_id: 'PROD0001',
  product_category: 'Küche & Bad',
  revenue_amount: 12.5,
  properties: { order_id: 'TXN00001', quantity: 2 },
};

const {
  product_id: _1,
  product_category: _2,
  revenue_amount: _3,
  properties: _4,
  ...visit
} = {
  ...plain,
  event_type: 'page_view',
};

describe('plain', () => {
  test('are compact objects in the order of the contract, with fields left out or null', async () => {
    const duckdb = await openJudge();
    const lines = [plain, visit, { ...plain, event_type: 'login', revenue_amount: null, properties: null }];
    const written = JSON.stringify(plain).replace('12.5', '12.50');
    await judgeLines(duckdb, baseContract, [...lines.map((each) => JSON.stringify(each)), written], receivedAt);
    expect(await countPlain(duckdb, baseContract)).toBe(4);
    expect(await duckdb.rows(misjudged(baseContract))).toEqual([]);
  });

  test('are none of these, which are left to a close look', async () => {
    const duckdb = await openJudge();
    const { event_id: _, ...nameless } = plain;
    const lines = [
      nameless,
      { ...plain, more: 1 },
      { ...plain, user_id: ' CUST1' },
      { ...plain, product_category: 'Küche ' },
      { ...plain, country_code: 'UK' },
      { ...plain, country_code: 'D,' },
      { ...plain, event_type: 'page_view' },
      { ...visit, event_type: 'product_view' },
      { ...plain, event_timestamp: '2026-06-01T12:05:00.124Z' },
      { ...plain, event_timestamp: '2026-02-30T09:30:00Z' },
      { ...plain, properties: { a: { b: 1 } } },
    ].map((each) => JSON.stringify(each));
    const doubled = JSON.stringify(plain).replace('"quantity":2', '"quantity":2,"quantity":3');
    await judgeLines(duckdb, baseContract, [...lines, doubled, `${JSON.stringify(plain)} `], receivedAt);
    expect(await countPlain(duckdb, baseContract)).toBe(0);
  });
});

/** Lines that are plain but for one place at most, where they may be anything. */
const nearlyPlain = fc
  .tuple(
    fc.constantFrom(
      plain,
      visit,
      { ...plain, revenue_amount: 0.1 },
      { ...plain, event_type: 'login', revenue_amount: null, properties: {} },
    ),
    fc.nat({ max: 400 }),
    fc.constantFrom(
      '',
      '',
      ' ',
      '"',
      '\\',
      ',',
      '{',
      '}',
      ']',
      ':',
      '0',
      '9',
      '.',
      '-',
      'e',
      'N',
      'null',
      '\t',
      '\u00a0',
      'é',
      'DE',
    ),
    fc.constantFrom(0, 0, 1, 2),
  )
  .map(([event, place, inserted, removed]) => {
    const text = JSON.stringify(event);
    const at = place % text.length;
    return `${text.slice(0, at)}${inserted}${text.slice(at + removed)}`;
  })
  .filter((line) => line.trim() !== '');

test.each([
  ['the base contract', baseContract],
  ['a shop', extended],
])('what is plain by %s, a close look accepts with the same values', async (_whose, contract) => {
  const duckdb = await openJudge();
  let seen = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(nearlyPlain, { minLength: 400, maxLength: 400, size: 'max' }), async (lines) => {
      await judgeLines(duckdb, contract, lines, receivedAt);
      expect(await duckdb.rows<Row>(misjudged(contract))).toEqual([]);
      seen += await countPlain(duckdb, contract);
    }),
    { numRuns: 10, endOnFailure: true },
  );
  expect(seen).toBeGreaterThan(50);
});
