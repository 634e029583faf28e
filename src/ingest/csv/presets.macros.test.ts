/** The macros that the SQL of presets may use. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import { type DuckDB, openDuckDB } from '../../stores/duckdb/duckdb.ts';

const macros = readFileSync(join(import.meta.dirname, 'presets', 'macros.sql'), 'utf8');

async function withMacros<T>(work: (duckdb: DuckDB) => Promise<T>): Promise<T> {
  const duckdb = await openDuckDB(':memory:', smallLimits(makeFolder()));
  try {
    await duckdb.run(`SET VARIABLE shop_currency = 'USD'; SET VARIABLE shop_timezone = 'Europe/Paris';
      SET VARIABLE rate = MAP {'EUR': 1.08::DECIMAL(18, 8)}; ${macros}`);
    return await work(duckdb);
  } finally {
    duckdb.close();
  }
}

const valuesOf = (expressions: readonly string[]): Promise<readonly unknown[]> =>
  withMacros(async (duckdb) => {
    const [row] = await duckdb.rows<Record<string, unknown>>(
      `SELECT ${expressions.map((expression, place) => `(${expression})::VARCHAR AS v${place}`).join(', ')}`,
    );
    return Object.values(row ?? {});
  });

describe('the macro', () => {
  test('shop_time gives the shop’s local time', async () => {
    const written = [
      '2024-03-01 09:30:00 -0500',
      '2024-07-01T09:30:00+02:00',
      '2024-07-01T09:30:00.250Z',
      '2024-07-01 09:30:00 UTC',
      ' 2024-07-01 09:30 ',
      '2024-07-01',
      '2024-02-30 09:30:00 +0000',
      '01/07/2024',
      'infinity',
      '',
    ];
    expect(await valuesOf(written.map((text) => `shop_time('${text}')`))).toEqual([
      '2024-03-01 15:30:00',
      '2024-07-01 09:30:00',
      '2024-07-01 11:30:00.25',
      '2024-07-01 11:30:00',
      '2024-07-01 09:30:00',
      '2024-07-01 00:00:00',
      null,
      null,
      null,
      null,
    ]);
  });

  test('amount_of reads plain decimals alone', async () => {
    const written = ['12.5', ' -3 ', '1.23456', '1e3', '1_000', '1,000', 'NaN', '1234567890123', '.5', ''];
    expect(await valuesOf(written.map((text) => `amount_of('${text}')`))).toEqual([
      '12.5000',
      '-3.0000',
      '1.2346',
      ...written.slice(3).map(() => null),
    ]);
  });

  test('id_of and person_id give ids that fit, the same for the same', async () => {
    const long = 'x'.repeat(70);
    const [short, cut, other, empty, person, same, nobody] = await valuesOf([
      `id_of(' A-1 ')`,
      `id_of('${long}a')`,
      `id_of('${long}b')`,
      `id_of(' ')`,
      `person_id('Ada@Example.com ')`,
      `person_id('ada@example.com')`,
      `person_id('  ')`,
    ]);
    expect([short, empty, nobody]).toEqual(['A-1', null, null]);
    expect([String(cut).length, String(other).length]).toEqual([64, 64]);
    expect(cut).not.toBe(other);
    expect(person).toMatch(/^P[0-9a-f]{20}$/);
    expect(same).toBe(person);
  });

  test('rate_of and converted know the shop’s currency and those with a rate', async () => {
    expect(
      await valuesOf([`rate_of('usd')`, `rate_of('EUR')`, `rate_of('GBP')`, `rate_of(NULL)`, 'converted(10.01, 1.08)']),
    ).toEqual(['1.00000000', '1.08000000', null, null, '10.8108']);
    expect(await valuesOf(['converted(99999999999999, 1000000)'])).toEqual([null]);
  });
});

interface Line {
  readonly quantity: number;
  /** In cents, as the weight is. */
  readonly price: number;
  readonly weight: number;
}

/** Largest remainder, in words of its own: whole shares first, then a cent each where most is missing, the first first. */
function shares(weights: readonly number[], target: number): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return weights.map(() => 0);
  const wanted = Math.min(target, total);
  const parts = weights.map((weight, place) => {
    const exact = BigInt(weight) * BigInt(wanted);
    return { place, share: Number(exact / BigInt(total)), missing: Number(exact % BigInt(total)) };
  });
  const left = wanted - parts.reduce((sum, { share }) => sum + share, 0);
  const lucky = new Set(
    [...parts]
      .sort((one, other) => other.missing - one.missing || one.place - other.place)
      .slice(0, left)
      .map(({ place }) => place),
  );
  return parts.map(({ place, share }) => share + (lucky.has(place) ? 1 : 0));
}

const anyLine: fc.Arbitrary<Line> = fc
  .record({
    quantity: fc.integer({ min: 1, max: 20 }),
    price: fc.integer({ min: 0, max: 90_000 }),
    off: fc.integer({ min: 0, max: 100 }),
  })
  .map(({ quantity, price, off }) => ({ quantity, price, weight: Math.floor((quantity * price * (100 - off)) / 100) }));

test('charge_lines divides the target to the cent, by largest remainder, for lines of any usual size', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          lines: fc.array(anyLine, { minLength: 1, maxLength: 8 }),
          millionths: fc.integer({ min: 0, max: 1_100_000 }),
        }),
        {
          minLength: 1,
          maxLength: 40,
        },
      ),
      async (orders) => {
        const drawn = orders.map(({ lines, millionths }) => {
          const total = lines.reduce((sum, { weight }) => sum + weight, 0);
          return { lines, target: Math.floor((total * millionths) / 1_000_000) };
        });
        const lineValues = drawn.flatMap(({ lines }, order) =>
          lines.map(
            ({ quantity, price, weight }, place) =>
              `(${order}, ${place}, ${quantity}, ${price} * 0.01, ${weight} * 0.01)`,
          ),
        );
        const orderValues = drawn.map(({ target }, order) => `(${order}, ${target} * 0.01)`);
        const charged = await withMacros(async (duckdb) => {
          await duckdb.run(`CREATE TABLE lines AS SELECT order_key, place, quantity, unit_price::DECIMAL(18, 4) AS unit_price,
              weight::DECIMAL(18, 2) AS weight
            FROM (VALUES ${lineValues.join(', ')}) AS v(order_key, place, quantity, unit_price, weight);
            CREATE TABLE orders AS SELECT order_key, target::DECIMAL(18, 2) AS target
            FROM (VALUES ${orderValues.join(', ')}) AS v(order_key, target)`);
          return duckdb.rows<{ order_key: number; line_total: number }>(
            `SELECT order_key, line_total FROM charge_lines('lines', 'orders') ORDER BY order_key, place`,
          );
        });
        drawn.forEach(({ lines, target }, order) => {
          const given = charged
            .filter(({ order_key }) => order_key === order)
            .map(({ line_total }) => Math.round(line_total * 100));
          expect(given).toEqual(
            shares(
              lines.map(({ weight }) => weight),
              target,
            ),
          );
        });
      },
    ),
    { numRuns: 8, endOnFailure: true },
  );
});
