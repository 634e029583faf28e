/** What the statement makes of a line beyond its verdict: the typed columns, the further fields, the hash. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { extended, receivedAt } from '../../../tests/setup/event-agreement.ts';
import { judgeLines } from '../../../tests/setup/event-lines.ts';
import { makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import { type DuckDB, openDuckDB, type Row } from '../../stores/duckdb/duckdb.ts';
import { baseContract, eventColumns } from './event-contract.ts';
import { lineHash, lineHashType } from './line-hash.ts';

async function memory(): Promise<DuckDB> {
  const duckdb = await openDuckDB(':memory:', smallLimits(makeFolder()));
  onTestFinished(() => duckdb.close());
  return duckdb;
}

const event = {
  event_id: 'EVT_0123456789ABCDEF',
  event_type: 'page_view',
  user_id: 'U1',
  session_id: 'S1',
  event_timestamp: '2026-03-01T09:30:00.250Z',
  device_type: 'mobile',
  traffic_source: 'direct',
} as const;

/** The row of an event that differs from the one above by these fields, given as JSON text where that matters. */
async function judged(changes: Readonly<Record<string, unknown>>, tail = ''): Promise<Row> {
  const duckdb = await memory();
  const line = JSON.stringify({ ...event, ...changes }).replace(/}$/, `${tail}}`);
  expect(await judgeLines(duckdb, extended, [line], receivedAt)).toEqual([[]]);
  const [row] = await duckdb.rows('SELECT * FROM judged_events');
  return row ?? {};
}

test('gives every column of the lake with its type', async () => {
  const duckdb = await memory();
  await judgeLines(duckdb, baseContract, ['{}'], receivedAt);
  const described = await duckdb.rows<{ column_name: string; column_type: string }>('DESCRIBE judged_events');
  const long = (type: string): string => type.replace('TIMESTAMPTZ', 'TIMESTAMP WITH TIME ZONE');
  expect(described.map(({ column_name, column_type }) => [column_name, column_type])).toEqual([
    ['file_number', 'SMALLINT'],
    ['line_hash', lineHashType],
    ['broken', 'UBIGINT'],
    ...eventColumns.map(({ name, type }) => [name, long(type)]),
    ['unknown_fields', 'VARCHAR[]'],
  ]);
});

test('knows a line by its hash', async () => {
  const duckdb = await memory();
  const lines = ['{}', '{} ', 'x'];
  await judgeLines(duckdb, baseContract, lines, receivedAt);
  const [{ alike } = { alike: 0 }] = await duckdb.rows<{ alike: number }>(
    `SELECT count(*) AS alike FROM received_events JOIN judged_events USING (file_number) WHERE ${lineHash('line')} = line_hash`,
  );
  expect(alike).toBe(lines.length);
});

test('gives what is not there as NULL', async () => {
  expect(await judged({ country_code: null, product_id: ' ', product_category: '' })).toMatchObject({
    country_code: null,
    product_id: null,
    product_category: null,
    revenue_amount: null,
    properties: null,
    unknown_fields: null,
  });
});

describe('reads', () => {
  test.each([
    [' U\u00e9\u00a0', 'U\u00e9'],
    ['5', '5'],
    ['a\\"b\n', 'a\\"b\n'],
    ['😀', '😀'],
  ])('the text %j', async (text, value) => {
    expect(await judged({ user_id: text })).toMatchObject({ user_id: value });
  });

  test.each([
    ['de', 'DE'],
    ['uk', 'GB'],
    ['XK', 'XK'],
  ])('the country %s', async (text, value) => {
    expect(await judged({ country_code: text })).toMatchObject({ country_code: value });
  });

  test.each([
    ['2026-03-01T09:30:00.250Z', '2026-03-01 09:30:00.25+00'],
    ['2026-03-01t09:30z', '2026-03-01 09:30:00+00'],
    ['2026-03-01T09:30:00.123456999+05:30', '2026-03-01 04:00:00.123456+00'],
    ['2026-03-01T23:30:00-0130', '2026-03-02 01:00:00+00'],
    ['2026-03-01T00:30+01', '2026-02-28 23:30:00+00'],
    ['2024-02-29T12:00:00Z', '2024-02-29 12:00:00+00'],
  ])('the timestamp %s', async (text, value) => {
    expect(await judged({ event_timestamp: text })).toMatchObject({ event_timestamp: value });
  });

  test.each([
    ['19.994', 19.99],
    ['1.005', 1.01],
    ['0.125', 0.13],
    ['2.675', 2.68],
    ['1E3', 1000],
    ['-0', 0],
    ['1e-9', 0],
    ['999999999999.995', 1_000_000_000_000],
    ['1e12', 1_000_000_000_000],
  ])('the amount %s', async (text, value) => {
    const row = await judged({ event_type: 'purchase', properties: { quantity: 1 } }, `,"revenue_amount":${text}`);
    expect(row).toMatchObject({ revenue_amount: value });
  });

  test('properties in their shortest form', async () => {
    const row = await judged({}, String.raw`,"properties": { "q" : "\u00e9\/\n", "n": [ 1.50, 1E3, -0 ], "x": null }`);
    expect(row).toMatchObject({ properties: String.raw`{"q":"é/\n","n":[1.5,1000.0,0],"x":null}` });
  });
});

describe('fields that the contract does not have', () => {
  test.each([
    [
      { referrer: 'https://a.example', depth: 3 },
      undefined,
      '{"referrer":"https://a.example","depth":3}',
      ['referrer', 'depth'],
    ],
    [{ referrer: 'a' }, {}, '{"referrer":"a"}', ['referrer']],
    [
      { referrer: 'a', 'a"b': { x: [1] } },
      { q: 1 },
      String.raw`{"q":1,"referrer":"a","a\"b":{"x":[1]}}`,
      ['referrer', 'a"b'],
    ],
    [{ q: 2, r: 3 }, { q: 1 }, '{"q":1,"r":3}', ['q', 'r']],
    [{ q: 2 }, { q: null }, '{"q":null}', ['q']],
    [{ q: null }, undefined, null, null],
    [{ q: null, r: 1 }, { s: 1 }, '{"s":1,"r":1}', ['r']],
    [{ EVENT_ID: 'x', '': 1 }, undefined, '{"EVENT_ID":"x","":1}', ['EVENT_ID', '']],
  ])('%j join properties %j', async (further, properties, merged, unknown) => {
    const own = properties === undefined ? {} : { properties };
    expect(await judged({ ...further, ...own })).toMatchObject({ properties: merged, unknown_fields: unknown });
  });
});
