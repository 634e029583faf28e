/** The statement, the judge of one event and the JSON Schema say the same of random lines. */
import { expect, onTestFinished, test } from 'vitest';
import { extended, holdAgreement } from '../../../tests/setup/event-agreement.ts';
import { makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import { openDuckDB } from '../../stores/duckdb/duckdb.ts';
import { baseContract, eventRules } from './event-contract.ts';

test.each([
  ['the base', baseContract, 1500],
  ['a shop', extended, 2500],
])('the three forms of the contract of %s agree rule by rule', async (_whose, contract, lines) => {
  const duckdb = await openDuckDB(':memory:', smallLimits(makeFolder()));
  onTestFinished(() => duckdb.close());
  const met = await holdAgreement(duckdb, contract, lines);
  // Some are rare: a line of a megabyte.
  expect(met.size).toBeGreaterThan(eventRules(contract).length * 0.8);
});
