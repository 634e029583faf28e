/**
 * Homes with history, made by commands that are killed and given again: exports out of their order, a wrong batch and its
 * revert, quarantined rows that are fixed and replayed.
 */
import { join } from 'node:path';
import { expect } from 'vitest';
import { runMillrace } from '../setup/fixtures.ts';
import { type Home, withPostgres } from './crash.ts';
import type { KilledSteps } from './homes.ts';
import { ask, crashSteps, type Step, stepUndisturbed } from './steps.ts';

/** A folder of files, and the day on which they were true. */
interface Export {
  readonly folder: string;
  readonly asOf: string;
}

/** What the commands load. */
interface Exports {
  /** In the order of their days. */
  readonly inOrder: readonly [Export, Export, Export];
  /** Files that should not have been loaded: another shop's, with the same ids. */
  readonly wrong: Export;
  /** Path of a file -> its rows, as its maker counts them. */
  readonly rows: ReadonlyMap<string, number>;
}

interface Generated {
  readonly files: readonly { readonly path: string; readonly rows: number }[];
  readonly batches: readonly { readonly folder: string; readonly asOf: string }[];
}

async function generate(output: string, ...words: readonly string[]): Promise<Generated> {
  const sizes = ['--customers', '40', '--products', '30', '--transactions', '150', '--events', '0', '--dirty', '0.05'];
  const common = ['generate', '--json', '--output', output, '--as-of', '2026-06-30'];
  const { code, stdout } = await runMillrace([...common, ...sizes, ...words], {});
  expect(code).toBe(0);
  return JSON.parse(stdout) as Generated;
}

/** Makes the files: the same ones each time. */
async function generateExports(folder: string): Promise<Exports> {
  const [right, wrong] = await Promise.all([
    generate(join(folder, 'right'), '--batches', '3', '--seed', '7'),
    generate(join(folder, 'wrong'), '--seed', '8'),
  ]);
  const [first, second, third] = right.batches.map((each) => ({ ...each, folder: join(folder, 'right', each.folder) }));
  if (!first || !second || !third) throw new Error('three exports were asked for');
  return {
    inOrder: [first, second, third],
    wrong: { folder: join(folder, 'wrong'), asOf: '2026-06-30' },
    rows: new Map([...right.files, ...wrong.files].map(({ path, rows }) => [path, rows])),
  };
}

const load = ({ folder, asOf }: Export): Step => ({
  words: async () => ['ingest', 'csv', '--json', '--input', folder, '--as-of', asOf],
});

const revert = (batch: Export): Step => ({
  words: async (connect) => {
    const query = 'SELECT batch_id AS value FROM ops.batch_files WHERE starts_with(path, $1) LIMIT 1';
    const id = await ask(connect, query, [batch.folder]);
    return ['batch', 'revert', id, '--json'];
  },
  doneBefore: 'MR-BAT-002',
});

/** Mends the first row of an export that breaks the rule. */
const fix = (batch: Export, rule: string, set: string): Step => ({
  words: async (connect) => {
    const id = await ask(
      connect,
      `SELECT quarantine_id::text AS value FROM ops.quarantine WHERE '${rule}' = ANY(rules)
         AND batch_id IN (SELECT batch_id FROM ops.batch_files WHERE starts_with(path, $1))
       ORDER BY table_name, row_number LIMIT 1`,
      [batch.folder],
    );
    return ['quarantine', 'fix', id, '--set', set, '--json'];
  },
});

const replay: Step = { words: async () => ['quarantine', 'replay', '--json'] };

/** A product and an order are mended on whom items wait; the wrong batch takes the places of many rows, and leaves again. */
const stepsOf = ({ inOrder: [first, second, third], wrong }: Exports): readonly Step[] => [
  load(third),
  load(first),
  load(wrong),
  fix(first, 'products.cost.not_negative', 'cost=1'),
  revert(wrong),
  load(second),
  fix(second, 'transactions.updated_at.typed', 'updated_at='),
  replay,
];

interface Booked {
  readonly path: string;
  readonly reverted: boolean;
  readonly received: number;
  readonly loaded: number;
  readonly others: number;
}

/** Every row that a file has is in the books once, or not at all when its batch was reverted. */
async function expectBalance(home: Home, { rows }: Exports): Promise<void> {
  const booked = await withPostgres(home, (sql) =>
    sql.rows<Booked>(
      `SELECT path, reverted_at IS NOT NULL AS reverted, received, loaded, duplicate + superseded + quarantined AS others
       FROM ops.batch_files AS files JOIN ops.batches USING (batch_id) JOIN ops.ledger_balance AS balance
         ON balance.batch_id = files.batch_id AND balance.table_name = files.role`,
    ),
  );
  const found = booked.map(({ path, received, loaded, others }) => ({ path, received, sum: loaded + others }));
  const counted = booked.map(({ path, reverted }) => (reverted ? 0 : (rows.get(path) ?? Number.NaN)));
  expect(booked).toHaveLength(rows.size);
  expect(found).toEqual(booked.map(({ path }, place) => ({ path, received: counted[place], sum: counted[place] })));
}

/** The steps, over the same exports for all homes. */
export const killedLoads: KilledSteps<Exports> = {
  title: 'loads that are killed',
  make: generateExports,
  undisturbed: (exports) => stepUndisturbed(stepsOf(exports), (home) => expectBalance(home, exports)),
  kill: (kills, exports, undisturbed) =>
    crashSteps(kills, stepsOf(exports), undisturbed, (home) => expectBalance(home, exports)),
};
