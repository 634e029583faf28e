/** dbt-core with dbt-duckdb makes of warehouse/ what was published, and what the engine makes of the same sources. */
import { join } from 'node:path';
import { test } from 'vitest';
import { root } from '../setup/fixtures.ts';
import { expectSameAsDbt, withoutDbt } from './warehouse.ts';

test.skipIf(withoutDbt)(`of real sales, with days in London${withoutDbt}`, { timeout: 300_000 }, async () => {
  const sales = join(root, 'samples', 'online_retail.csv');
  await expectSameAsDbt(['--preset', 'online-retail', '--input', sales], 'Europe/London');
});
