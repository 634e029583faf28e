/** Holds the order of the rooms: no import against it, no cycle; and proves that each rule catches its violation. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findCycle, forbiddenImports, rooms } from './rooms.ts';
import { readSource } from './source.ts';

const root = join(import.meta.dirname, '../..');
const files = readSource(root);

const planted = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries));

describe('the source', () => {
  test('every folder of src is a room of the order', () => {
    const present = readdirSync(join(root, 'src'));
    expect(present.filter((name) => !rooms.includes(name))).toEqual([]);
  });

  test('each room imports only rooms below it', () => {
    expect(files.size).toBeGreaterThan(0);
    expect(forbiddenImports(files)).toEqual([]);
  });

  test('no files import each other in a circle', () => {
    expect(findCycle(files)).toBeUndefined();
  });
});

describe('the rules', () => {
  test.each([
    ['a room above', 'src/kernel/a.ts', '../stores/duckdb/duckdb.ts', 'stores is not below kernel'],
    ['a room above, from deep below', 'src/stores/lake/x/a.ts', '../../../publish/b.ts', 'publish is not below stores'],
    ['one store from another', 'src/stores/lake/a.ts', '../duckdb/duckdb.ts', 'one store imports another'],
    ['a file of stores/ itself', 'src/stores/lake/a.ts', '../shared.ts', 'one store imports another'],
    ['main.ts', 'src/cli/a.ts', '../main.ts', 'main.ts is not below cli'],
    ['the commands, from elsewhere than main.ts', 'src/server/a.ts', '../cli/run.ts', 'cli is not below server'],
    ['a folder that is no room', 'src/cli/a.ts', '../helpers/b.ts', 'src/helpers is not a room'],
    ['scripts', 'src/cli/a.ts', '../../scripts/b.ts', 'src imports nothing from scripts'],
    ['the dashboard', 'src/server/a.ts', '../../web/src/b.ts', 'src imports nothing from web'],
    ['tests', 'src/ingest/csv/a.ts', '../../../tests/setup/b.ts', 'src imports nothing from tests'],
    [
      'the server, from the dashboard',
      'web/src/a.ts',
      '../../src/server/b.ts',
      'the dashboard imports only its own files',
    ],
  ])('forbid to import %s', (_what, from, specifier, reason) => {
    const [found = ''] = forbiddenImports(planted({ [from]: `import { b } from '${specifier}';` }));
    expect(found).toContain(`${from} -> `);
    expect(found).toContain(reason);
  });

  test.each([
    ['import type', `import type { B } from '../cli/b.ts';`],
    ['import for effect', `import '../cli/b.ts';`],
    ['export from', `export { b } from '../cli/b.ts';`],
    ['export all', `export * from '../cli/b.ts';`],
    ['dynamic import', `const b = await import('../cli/b.ts');`],
    ['type of an import', `type B = import('../cli/b.ts').B;`],
  ])('see the form: %s', (_form, text) => {
    expect(forbiddenImports(planted({ 'src/server/a.ts': text }))).toEqual([
      'src/server/a.ts -> src/cli/b.ts: cli is not below server',
    ]);
  });

  test('allow rooms below, packages, own folders, and helpers of tests in tests', () => {
    const allowed = planted({
      'src/main.ts': `import { run } from './cli/run.ts'; import { open } from './stores/duckdb/duckdb.ts';`,
      'src/cli/run.ts': `import { readFileSync } from 'node:fs'; import { z } from 'zod'; import { x } from './x.ts';`,
      'src/cli/x.ts': `import { MillraceError } from '../kernel/errors.ts';`,
      'src/ingest/csv/a.test.ts': `import { database } from '../../../tests/setup/database.ts';`,
      'tests/crash/a.test.ts': `import { main } from '../../src/main.ts';`,
    });
    expect(forbiddenImports(allowed)).toEqual([]);
    expect(findCycle(allowed)).toBeUndefined();
  });

  test('find a cycle, also through several files and by types only', () => {
    const cyclic = planted({
      'src/cli/start.ts': `import './a.ts';`,
      'src/cli/a.ts': `import './leaf.ts'; import './b.ts';`,
      'src/cli/leaf.ts': '',
      'src/cli/b.ts': `import type { C } from './c.ts';`,
      'src/cli/c.ts': `export { a } from './a.ts';`,
    });
    expect(findCycle(cyclic)).toBe('src/cli/a.ts -> src/cli/b.ts -> src/cli/c.ts -> src/cli/a.ts');
  });

  test('find a file that imports itself', () => {
    expect(findCycle(planted({ 'src/cli/a.ts': `import './a.ts';` }))).toBe('src/cli/a.ts -> src/cli/a.ts');
  });
});
