/** History is a function of what was observed: whatever order batches come in, and whichever are undone, the end is the same. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterTheLast, makePostgres, type ShopFiles } from '../../../tests/setup/fixtures.ts';
import { batchSettings, load, tickingClock } from '../../../tests/setup/pipeline.ts';
import { tableContracts, tableNames } from '../../contracts/tables.ts';
import type { Postgres } from '../../stores/postgres/postgres.ts';
import type { IngestResult } from '../csv/ingest.ts';
import { findDifferences } from './ledger.ts';
import { revertBatch } from './revert.ts';

interface Arrival {
  readonly files: ShopFiles;
  readonly asOf: string;
  /** Orders come with all their items. */
  readonly complete: boolean;
}

const csv = (header: string, lines: readonly (readonly unknown[])[]): string =>
  `${[header, ...lines.map((line) => line.join(','))].join('\n')}\n`;

const files = (parts: {
  readonly customers?: readonly (readonly unknown[])[];
  readonly products?: readonly (readonly unknown[])[];
  readonly transactions?: readonly (readonly unknown[])[];
  readonly items?: readonly (readonly unknown[])[];
}): ShopFiles => ({
  'customers.csv': csv('customer_id,city,registration_date', parts.customers ?? []),
  'products.csv': csv('product_id,product_name,category,price', parts.products ?? []),
  'transactions.csv': csv(
    'transaction_id,customer_id,transaction_date,transaction_type,status,updated_at',
    parts.transactions ?? [],
  ),
  'transaction_items.csv': csv('item_id,transaction_id,product_id,quantity,unit_price', parts.items ?? []),
});

const pick = (...values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const rowsOf = <T extends unknown[]>(row: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(row, { maxLength: 4 });

const arrival: fc.Arbitrary<Arrival> = fc
  .record({
    customers: rowsOf(fc.tuple(pick('C1', 'C2'), pick('Oslo', 'Rome', 'Bonn'), pick('2024-01-01', '2024-02-01'))),
    products: rowsOf(fc.tuple(pick('P1', 'P2'), pick('Lamp', 'Cup'), pick('Home'), pick('2.00', '3.00', '-1'))),
    transactions: rowsOf(
      fc.tuple(
        pick('T1', 'T2', 'T3'),
        pick('C1', 'C2', 'C3', ''),
        pick('2024-03-01'),
        pick('sale', 'return'),
        pick('completed', 'pending'),
        pick('', '2024-03-01T10:00:00Z', '2024-03-01T11:00:00Z'),
      ),
    ),
    items: rowsOf(
      fc.tuple(
        pick('I1', 'I2', 'I3'),
        pick('T1', 'T2', 'T3', 'T4'),
        pick('P1', 'P2'),
        pick('1', '2', '-1'),
        pick('2.00', '3.00'),
      ),
    ),
    day: pick('2024-05-01', '2024-05-02', '2024-05-03'),
    complete: fc.boolean(),
  })
  .map(({ day, complete, ...parts }) => ({ files: files(parts), asOf: day, complete }));

/** What production, and the log that dimensions are computed from, say of a source: batches and load times aside. */
async function contentsOf(postgres: Postgres, source: string): Promise<Record<string, readonly unknown[]>> {
  const contents: Record<string, readonly unknown[]> = {};
  const aside = `'{source,batch_id,row_number,outcome,first_loaded_at,last_changed_at,recorded_at}'::text[]`;
  const relations = [
    ...tableNames.map((table) => [table, tableContracts[table].key]),
    ['customer_snapshots', 'customer_id'],
    ['product_snapshots', 'product_id'],
  ];
  for (const [relation = '', key = ''] of relations) {
    const rows = await postgres.rows<{ row: unknown }>(
      `SELECT DISTINCT to_jsonb(t) - ${aside} AS row, ${key} FROM production.${relation} AS t
       WHERE source = $1 ORDER BY ${key}, 1`,
      [source],
    );
    contents[relation] = rows.map(({ row }) => row);
  }
  return contents;
}

const bring = (
  postgres: Postgres,
  source: string,
  { files: content, asOf, complete }: Arrival,
): Promise<IngestResult> => load(postgres, content, { source, asOf, options: { replace_items: complete } });

const contextOf = (postgres: Postgres) => ({
  ...batchSettings('/nowhere'),
  postgres,
  timeZone: 'UTC',
  clock: tickingClock(),
});

describe('production', () => {
  const atEnd = afterTheLast();

  test('is the same for batches that come shuffled, repeated, and with others that were undone', async () => {
    const postgres = await makePostgres(atEnd);
    let run = 0;
    const story = fc.record({
      kept: fc.uniqueArray(arrival, { minLength: 1, maxLength: 4, selector: (each) => JSON.stringify(each) }),
      undone: fc.array(fc.record({ wrong: arrival, atOnce: fc.boolean() }), { maxLength: 2 }),
      order: fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(story, async ({ kept, undone, order }) => {
        run += 1;
        const [plain, told] = [`plain${run}`, `told${run}`];
        for (const each of kept) await bring(postgres, plain, each);
        const known = new Set(kept.map((each) => JSON.stringify(each)));
        const wrong = undone.filter((each) => !known.has(JSON.stringify(each.wrong)));
        const steps = [
          ...kept.map((each) => ({ ...each, undo: 'never' })),
          ...wrong.map((each) => ({ ...each.wrong, undo: each.atOnce ? 'at once' : 'later' })),
        ]
          .map((each, place) => ({ each, rank: order[place] ?? 0 }))
          .sort((one, other) => one.rank - other.rank)
          .map(({ each }) => each);
        const toUndo = new Set<string>();
        for (const { undo, ...each } of steps) {
          const { batch } = await bring(postgres, told, each);
          if (undo === 'later') toUndo.add(batch);
          else if (undo === 'at once') await revertBatch(contextOf(postgres), batch);
          else await bring(postgres, told, each);
        }
        for (const batch of toUndo) {
          const [counts] = await postgres.rows(
            'SELECT 1 FROM ops.batches WHERE batch_id = $1 AND reverted_at IS NULL',
            [batch],
          );
          if (counts) await revertBatch(contextOf(postgres), batch);
        }
        expect(await contentsOf(postgres, told)).toEqual(await contentsOf(postgres, plain));
        expect(await findDifferences(postgres)).toEqual([]);
      }),
      { numRuns: 8 },
    );
  });

  test('has no item that a later statement of its order lacks, where orders come complete', async () => {
    const postgres = await makePostgres(atEnd);
    const products = [
      ['P1', 'Lamp', 'Home', '2.00'],
      ['P2', 'Cup', 'Home', '3.00'],
    ];
    const order = ['T1', '', '2024-03-01', 'sale', 'completed', ''];
    const [lamp, cup] = [
      ['I1', 'T1', 'P1', '1', '2.00'],
      ['I2', 'T1', 'P2', '1', '3.00'],
    ] as const;
    const first = { files: files({ products, transactions: [order], items: [lamp, cup] }), asOf: '2024-05-01' };
    const second = { files: files({ transactions: [order], items: [lamp] }), asOf: '2024-05-02' };
    const itemsOf = async (source: string): Promise<readonly string[]> =>
      (
        await postgres.rows<{ item_id: string }>(
          'SELECT item_id FROM production.transaction_items WHERE source = $1 ORDER BY 1',
          [source],
        )
      ).map(({ item_id }) => item_id);
    for (const batch of [first, second]) await bring(postgres, 'parts', { ...batch, complete: false });
    expect(await itemsOf('parts')).toEqual(['I1', 'I2']);
    for (const batch of [first, second]) await bring(postgres, 'whole', { ...batch, complete: true });
    expect(await itemsOf('whole')).toEqual(['I1']);
    expect(await postgres.rows(`SELECT 1 FROM ops.quarantine`)).toEqual([]);
    const { batch } = await bring(postgres, 'late', { ...second, complete: true });
    await bring(postgres, 'late', { ...first, complete: true });
    expect(await itemsOf('late')).toEqual(['I1']);
    await revertBatch(contextOf(postgres), batch);
    expect(await itemsOf('late')).toEqual(['I1', 'I2']);
    expect(await findDifferences(postgres)).toEqual([]);
  });
});
