/** Slowly changing dimensions: a function of the set of snapshots, whatever their order, and whole in time. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DuckDB, Row } from '../../src/stores/duckdb/duckdb.ts';
import { buildModels, emptyProduction, fill, sqlOf, warehouseProject } from './production.ts';

const project = await warehouseProject();

/** Two dimensions, and a column of each that shows and one that does not. */
const dimensions = [
  {
    dimension: 'dim_customers',
    snapshots: 'customer_snapshots',
    id: 'customer_id',
    key: 'customer_key',
    shown: 'city',
    rest: {},
  },
  {
    dimension: 'dim_products',
    snapshots: 'product_snapshots',
    id: 'product_id',
    key: 'product_key',
    shown: 'brand',
    rest: { product_name: 'Kettle', category: 'Home', price: '20.00' },
  },
] as const;

type Dimension = (typeof dimensions)[number];

/** A snapshot without what all of a dimension have in common. */
interface Snapshot {
  readonly source: string;
  readonly id: string;
  /** Days since the first of January 2024. */
  readonly day: number;
  readonly updated: number | null;
  readonly value: string | null;
  /** Stands for columns that the dimension does not show. */
  readonly hidden: number;
}

const instant = (day: number): string =>
  `${new Date(Date.UTC(2024, 0, 1 + day, 23, 59, 59)).toISOString().slice(0, 19)}.999999Z`;
const hashOf = ({ value, hidden }: Snapshot): string => createHash('md5').update(`${value} ${hidden}`).digest('hex');

const rowOf = ({ id, shown, rest }: Dimension, snapshot: Snapshot): Row => ({
  ...rest,
  source: snapshot.source,
  [id]: snapshot.id,
  [shown]: snapshot.value,
  observed_at: instant(snapshot.day),
  updated_at: snapshot.updated === null ? null : instant(snapshot.updated),
  content_hash: hashOf(snapshot),
});

const snapshot: fc.Arbitrary<Snapshot> = fc.record({
  source: fc.constantFrom('csv', 'shop'),
  id: fc.constantFrom('A', 'B|2'),
  day: fc.integer({ min: 0, max: 6 }),
  updated: fc.option(fc.integer({ min: 0, max: 2 })),
  value: fc.constantFrom(null, '', 'x', 'y'),
  hidden: fc.integer({ min: 0, max: 1 }),
});

/** Snapshots, and the same in another order, some of them several times. */
const arrivals = fc.array(snapshot, { minLength: 1, maxLength: 16 }).chain((all) =>
  fc.tuple(
    fc.constant(all),
    fc.array(fc.constantFrom(...all), { maxLength: 8 }).chain((again) => {
      const more = [...all, ...again];
      return fc.shuffledSubarray(more, { minLength: more.length });
    }),
  ),
);

const rank = (each: Snapshot): string => `${each.day} ${each.updated ?? '-'} ${hashOf(each)}`;

/** What held at an instant: the last snapshot up to it, or the last of the first instant before there was any. */
function valueAt(snapshots: readonly Snapshot[], time: string): string | null | undefined {
  const ordered = snapshots.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
  const first = ordered.filter(({ day }) => day === ordered[0]?.day).at(-1);
  return (ordered.filter(({ day }) => instant(day) <= time).at(-1) ?? first)?.value;
}

interface Version {
  readonly key: string;
  readonly source: string;
  readonly id: string;
  readonly value: string | null;
  readonly from: string;
  readonly to: string;
  readonly is_current: boolean;
  readonly version: number;
}

const iso = (column: string): string => `strftime(${column} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')`;

const compiled = new Map<string, Promise<string>>();

/** The SQL of a dimension is the same whatever the rows are. */
function sqlOfDimension(duckdb: DuckDB, { dimension }: Dimension): Promise<string> {
  const known = compiled.get(dimension) ?? sqlOf(project, duckdb, dimension);
  compiled.set(dimension, known);
  return known;
}

async function versionsOf(duckdb: DuckDB, dimension: Dimension, all: readonly Snapshot[]): Promise<readonly Version[]> {
  await fill(
    duckdb,
    dimension.snapshots,
    all.map((each) => rowOf(dimension, each)),
  );
  await duckdb.run(`CREATE OR REPLACE TABLE ${dimension.dimension} AS (${await sqlOfDimension(duckdb, dimension)}\n)`);
  return duckdb.rows<Version>(
    `SELECT ${dimension.key}::VARCHAR AS key, source, ${dimension.id} AS id, ${dimension.shown} AS value,
       ${iso('valid_from')} AS "from", ${iso('valid_to')} AS "to", is_current, version
     FROM ${dimension.dimension} WHERE ${dimension.key} <> 0 ORDER BY source, id, version`,
  );
}

async function prepared(): Promise<DuckDB> {
  const duckdb = await emptyProduction();
  await buildModels(
    project,
    duckdb,
    dimensions.map(({ dimension }) => `+${dimension}`),
  );
  for (const each of dimensions) await versionsOf(duckdb, each, []);
  return duckdb;
}

/** An instant between those at which snapshots are taken, and those themselves. */
const probes = [
  '1900-01-01T00:00:00.000000Z',
  '2023-12-31T00:00:00.000000Z',
  ...[0, 1, 2, 3, 4, 5, 6].flatMap((day) => [instant(day), instant(day).replace('.999999', '.999998')]),
  '9999-12-30T23:59:59.999999Z',
];

const keyOf = (source: string, id: string, observedAt: string): string =>
  BigInt(`0x${createHash('md5').update(`${source}|${id}|${observedAt}`).digest('hex').slice(0, 15)}`).toString();

describe.each(dimensions)('$dimension', (dimension) => {
  test('is the same for the same snapshots in any order, covers every instant once, and has no equal neighbours', async () => {
    const duckdb = await prepared();
    await fc.assert(
      fc.asyncProperty(arrivals, async ([all, shuffled]) => {
        const versions = await versionsOf(duckdb, dimension, shuffled);
        expect(await duckdb.rows(await sqlOf(project, duckdb, 'versions_cover_all_time_once'))).toEqual([]);
        expect(await versionsOf(duckdb, dimension, all)).toEqual(versions);
        expect(new Set(versions.map(({ key }) => key)).size).toBe(versions.length);
        const ids = new Set(all.map(({ source, id }) => `${source}|${id}`));
        expect(new Set(versions.map(({ source, id }) => `${source}|${id}`))).toEqual(ids);
        for (const name of ids) {
          const isOf = (each: { source: string; id: string }): boolean => `${each.source}|${each.id}` === name;
          const [snapshots, mine] = [all.filter(isOf), versions.filter(isOf)];
          for (const time of probes) {
            const valid = mine.filter(({ from, to }) => from <= time && time < to);
            expect(valid.map(({ value }) => value)).toEqual([valueAt(snapshots, time)]);
          }
          mine.slice(1).forEach((version, place) => {
            expect(version.value).not.toBe(mine[place]?.value);
            expect(version.key).toBe(keyOf(version.source, version.id, version.from));
          });
          const opening = snapshots.map(({ day }) => instant(day)).sort()[0] ?? '';
          expect(mine[0]?.key).toBe(keyOf(mine[0]?.source ?? '', mine[0]?.id ?? '', opening));
          expect(mine.map(({ version, is_current }) => [version, is_current])).toEqual(
            mine.map((_, place) => [place + 1, place === mine.length - 1]),
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  test('opens a version for every column that it shows', async () => {
    const duckdb = await prepared();
    const own = [dimension.key, 'source', dimension.id, 'valid_from', 'valid_to', 'is_current', 'version'];
    const derived = ['price_tier', 'margin_percentage'];
    const { columns } = await duckdb.query(`FROM ${dimension.dimension}`);
    // Of what the product is now, the same on every version.
    const present = ['rating', 'rating_tier', 'total_views', 'total_purchases', 'total_revenue'].concat([
      'view_to_cart_rate',
      'overall_conversion_rate',
      'revenue_tier',
      'product_health',
    ]);
    const shown = columns.filter(({ name }) => ![...own, ...derived, ...present].includes(name));
    expect(shown.length).toBeGreaterThan(5);
    const before = rowOf(dimension, { source: 'csv', id: 'A', day: 1, updated: null, value: null, hidden: 0 });
    for (const { name, type } of shown) {
      const other = type === 'VARCHAR' ? 'other' : type === 'DATE' ? '2024-01-01' : '30';
      await fill(duckdb, dimension.snapshots, [before, { ...before, [name]: other, observed_at: instant(2) }]);
      const versions = await duckdb.rows<{ value: string }>(
        `SELECT ${name}::VARCHAR AS value FROM (${await sqlOfDimension(duckdb, dimension)}\n) WHERE ${dimension.key} <> 0 ORDER BY version`,
      );
      expect([name, versions.length, versions[1]?.value.startsWith(other)]).toEqual([name, 2, true]);
    }
  });

  test('opens no version for what it does not show, nor for what comes again', async () => {
    const duckdb = await prepared();
    const one = { source: 'csv', id: 'A', updated: null, value: 'x', hidden: 0 };
    const versions = await versionsOf(duckdb, dimension, [
      { ...one, day: 3, hidden: 1 },
      { ...one, day: 1 },
      { ...one, day: 5, value: 'y' },
      { ...one, day: 2 },
      { ...one, day: 6 },
    ]);
    expect(versions.map(({ value, from, to }) => [value, from.slice(0, 10), to.slice(0, 10)])).toEqual([
      ['x', '1900-01-01', '2024-01-06'],
      ['y', '2024-01-06', '2024-01-07'],
      ['x', '2024-01-07', '9999-12-31'],
    ]);
  });

  test('shows the past otherwise when an earlier snapshot comes late, and keeps the keys of what followed', async () => {
    const duckdb = await prepared();
    const one = { source: 'csv', id: 'A', updated: null, hidden: 0 };
    const known = [
      { ...one, day: 2, value: 'x' },
      { ...one, day: 4, value: 'y' },
    ];
    const before = await versionsOf(duckdb, dimension, known);
    const after = await versionsOf(duckdb, dimension, [...known, { ...one, day: 3, value: 'z' }]);
    expect(after.map(({ value }) => value)).toEqual(['x', 'z', 'y']);
    expect([after[0]?.key, after[2]?.key]).toEqual(before.map(({ key }) => key));
    const earlier = await versionsOf(duckdb, dimension, [...known, { ...one, day: 1, value: 'x' }]);
    expect(earlier.map(({ value }) => value)).toEqual(['x', 'y']);
    expect(earlier[0]?.key).not.toBe(before[0]?.key);
  });
});

test('customers have a guest whoever else there is', async () => {
  const duckdb = await prepared();
  expect(await duckdb.rows('SELECT customer_key, source, customer_id, is_current, version FROM dim_customers')).toEqual(
    [{ customer_key: 0, source: 'all', customer_id: 'GUEST', is_current: true, version: 1 }],
  );
});
