/** The command that makes samples: what it writes and prints, and which words it refuses. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Ended, makeFolder, makeHome, runMillrace } from '../../tests/setup/fixtures.ts';

const generate = async (output: string, ...words: readonly string[]): Promise<Ended> =>
  runMillrace(
    ['generate', '--output', output, '--as-of', '2026-11-21', '--transactions', '50', '--customers', '20', ...words],
    await makeHome(),
  );

test('several exports with defects: their folders, files and list as JSON, and as lines', async () => {
  const folder = join(makeFolder(), 'sample');
  const words = ['--batches', '2', '--dirty', '.1'];
  const { code, stdout } = await generate(folder, ...words, '--json');
  const { files, batches, manifest, events, reference } = JSON.parse(stdout);
  expect([code, files.length, manifest]).toEqual([0, 8, join(folder, 'manifest.csv')]);
  expect(batches).toEqual([
    { folder: 'batch-01-2026-03-02', asOf: '2026-03-02' },
    { folder: 'batch-02-2026-11-20', asOf: '2026-11-20' },
  ]);
  expect(reference.length).toBe(4);
  expect(events.reduce((sum: number, { lines }: { lines: number }) => sum + lines, 0)).toBeGreaterThanOrEqual(1000);
  const printed = (await generate(folder, ...words)).stdout;
  expect(printed).toContain(`${join(folder, 'batch-02-2026-11-20', 'products.csv')}: `);
  expect(printed).toContain(`${manifest}: the defects\n`);
  expect(printed).toMatch(/batch-02-2026-11-20\/events: [\d,]+ event lines in 9 files\n/);
  expect((await generate(folder, '--events', '0')).stdout).not.toContain('event lines');
});

test.each([
  [['--batches', '0'], 'MR-GEN-001'],
  [['--batches', 'some'], 'Give a whole number'],
  [['--dirty', '0.6'], 'MR-GEN-001'],
  [['--dirty', '3%'], 'Give a share'],
])('refuses %j', async (words, problem) => {
  const folder = join(makeFolder(), 'sample');
  const { code, stderr } = await generate(folder, ...words);
  expect([code, existsSync(folder)]).toEqual([2, false]);
  expect(stderr).toContain(problem);
});
