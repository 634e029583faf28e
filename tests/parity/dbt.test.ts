/** dbt-core with dbt-duckdb makes of warehouse/ what was published, and what the engine makes of the same sources. */
import { test } from 'vitest';
import { generateSample, sampleDefaults } from '../../src/generate/sample.ts';
import { makeFolder } from '../setup/fixtures.ts';
import { expectSameAsDbt, withoutDbt } from './warehouse.ts';

test.skipIf(withoutDbt)(`of the sample shop, with days in New York${withoutDbt}`, { timeout: 300_000 }, async () => {
  const folder = makeFolder();
  const [counts, asOf] = [{ customers: 300, products: 100, transactions: 2000 }, '2026-06-30'];
  await generateSample(folder, { ...sampleDefaults, ...counts, asOf });
  await expectSameAsDbt(['--input', folder, '--as-of', asOf], 'America/New_York');
});
