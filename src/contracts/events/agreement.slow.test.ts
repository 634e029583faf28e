/** The statement, the judge of one event and the JSON Schema say the same of a hundred thousand random lines. */
import { expect, onTestFinished, test } from 'vitest';
import { extended, holdAgreement } from '../../../tests/setup/event-agreement.ts';
import { makeFolder, smallLimits } from '../../../tests/setup/fixtures.ts';
import { openDuckDB } from '../../stores/duckdb/duckdb.ts';
import { eventRules } from './event-contract.ts';

test('the three forms of the contract agree on 100,000 lines', { timeout: 900_000 }, async () => {
  const duckdb = await openDuckDB(':memory:', smallLimits(makeFolder()));
  onTestFinished(() => duckdb.close());
  const met = await holdAgreement(duckdb, extended, 100_000);
  expect(eventRules(extended).filter(({ id }) => !met.has(id))).toEqual([]);
});
