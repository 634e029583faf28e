/** Holds the habits that the linter cannot, and proves that each rule catches its breach. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { brokenHabits } from './habits.ts';
import { readSource } from './source.ts';

test('the source keeps its habits', () => {
  const files = readSource(join(import.meta.dirname, '../..'));
  expect(files.size).toBeGreaterThan(0);
  expect(brokenHabits(files)).toEqual([]);
});

const sentence = '/** Says what the file is for. */\n';
const broken = (path: string, text: string) => brokenHabits(new Map([[path, text]]));

describe('the first sentence', () => {
  const problem = ['src/cli/a.ts: does not begin with one sentence in /** */'];

  test.each([
    ['nothing', `import 'zod';`],
    ['a line comment', '// Says what the file is for.\n'],
    ['a comment that is no docstring', '/* Says what the file is for. */\n'],
    ['no full stop', '/** helpers */\n'],
    ['code before it', `import 'zod';\n${sentence}`],
  ])('is missed: %s', (_what, text) => {
    expect(broken('src/cli/a.ts', text)).toEqual(problem);
  });

  test('may run over several lines', () => {
    expect(broken('src/cli/a.ts', '/**\n * Says what\n * the file is for.\n */\n')).toEqual([]);
  });
});

describe('the machine is asked', () => {
  test.each([
    ['new Date()', 'const a = new Date();'],
    ['Date()', 'const a = Date();'],
    ['Date.now()', 'const a = Date\n  .now();'],
    ['Math.random()', 'const a = () => 1 + Math.random();'],
    ['process.env', 'const { PATH } = process.env;'],
    ['process.env', 'const a = process.env.PATH;'],
    ['process.env', `import { env } from 'node:process';`],
  ])('only by the kernel and main.ts: %s', (what, text) => {
    expect(broken('src/metrics/a.ts', sentence + text)).toEqual([`src/metrics/a.ts: ${what}`]);
    for (const path of ['src/kernel/a.ts', 'src/main.ts', 'src/metrics/a.test.ts', 'tests/crash/a.ts']) {
      expect(broken(path, sentence + text)).toEqual([]);
    }
  });

  test('not by what only looks like it', () => {
    const text = `new Date(0); performance.now(); const s = 'Date.now()'; // Math.random()\nclock.now(); new Dates();`;
    expect(broken('src/metrics/a.ts', sentence + text)).toEqual([]);
  });
});
