/** Presets and their options as words of the command line. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeHome, root, runMillrace } from '../../tests/setup/fixtures.ts';

const preset = join(root, 'src', 'ingest', 'csv', 'presets', 'shopify');

test('a folder is a preset too, its options are kept with the source, and a later run repeats them', async () => {
  const env = { ...(await makeHome()), SHOP_TIMEZONE: 'America/New_York' };
  const words = ['ingest', 'csv', '--preset', './shopify', '--input', './shopify/sample', '--json'];
  const refused = await runMillrace([...words, '--option', 'rate=1.08'], env, join(preset, '..'));
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('MR-PRE-003') });
  const loaded = await runMillrace(
    [...words, '--option', 'rate_EUR=1.08', '--option', 'taxes=auto'],
    env,
    join(preset, '..'),
  );
  expect(loaded.code).toBe(0);
  const batch = JSON.parse(loaded.stdout);
  expect(batch).toMatchObject({ source: 'shopify', tables: [{}, {}, { table: 'transactions', loaded: 12 }, {}] });
  expect(batch.otherRecords).toHaveLength(2);
  const again = await runMillrace(['run', '--json'], env);
  expect(JSON.parse(again.stdout)).toMatchObject({ batches: [{ batch: batch.batch, alreadyLoaded: true }] });
});
