/** Names and paths match patterns as Python's fnmatch and pathlib have it. */
import { describe, expect, test } from 'vitest';
import { nameMatcher, pathMatcher } from './patterns.ts';

describe('names', () => {
  test.each([
    ['orders', 'orders', true],
    ['orders', 'order', false],
    ['*', '', true],
    ['stg_*', 'stg_orders', true],
    ['stg_*', 'my_stg_orders', false],
    ['?at', 'cat', true],
    ['?at', 'at', false],
    ['[a-c]at', 'bat', true],
    ['[!a-c]at', 'bat', false],
    ['[]x]', ']', true],
    ['[z-a]', 'm', false],
    ['[!z-a]', 'm', true],
    ['[ab', '[ab', true],
    ['a.b', 'axb', false],
    ['a*', 'a\nb', true],
    ['(a|b)', 'a', false],
  ])('%s and %s', (pattern, name, expected) => {
    expect(nameMatcher(pattern)(name)).toBe(expected);
  });
});

describe('paths', () => {
  test.each([
    ['models', 'models', 'folder', true],
    ['models/', 'models', 'folder', true],
    ['./models//staging', 'models/staging', 'folder', true],
    ['models/*', 'models/staging/a.sql', 'file', false],
    ['models/*/a.sql', 'models/staging/a.sql', 'file', true],
    ['models/**', 'models', 'folder', true],
    ['models/**', 'models/a/b', 'folder', true],
    ['models/**', 'models/a.sql', 'file', false],
    ['models/**/a.sql', 'models/a.sql', 'file', true],
    ['**/a.sql', 'models/x/y/a.sql', 'file', true],
    ['**', '', 'folder', true],
    ['models', 'models/a.sql', 'file', false],
  ] as const)('%s and %s', (pattern, path, kind, expected) => {
    expect(pathMatcher(pattern)(path, kind)).toBe(expected);
  });
});
