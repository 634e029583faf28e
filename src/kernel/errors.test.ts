/** The catalogue's errors: every brace is filled, and what anything else that is thrown becomes. */
import { describe, expect, test } from 'vitest';
import { asMillraceError, type ErrorCode, errorCatalogue, isDiskFull, MillraceError, problemOf } from './errors.ts';

const withCode = (message: string, code: string): Error => Object.assign(new Error(message), { code });

describe('the catalogue', () => {
  test.each(Object.entries(errorCatalogue))('%s has a message, a remedy and only braces of names', (code, entry) => {
    const names = [...`${entry.message}${entry.remedy}`.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    const details = Object.fromEntries(names.map((name) => [name, `<${name}>`]));
    const error = new MillraceError(code as ErrorCode, details);
    expect(error.message).not.toMatch(/[{}]/);
    expect(error.remedy).toMatch(/\.$/);
    expect([1, 2, 3, 130]).toContain(error.exitCode);
  });

  test('a value is put in as it is, also when it looks like a pattern', () => {
    expect(new MillraceError('MR-IN-001', { path: '/a/$&/{path}' }).message).toBe(
      'There is no file or folder at /a/$&/{path}.',
    );
  });
});

describe('what is thrown becomes an error of the catalogue', () => {
  test.each([
    [withCode('write ENOSPC', 'ENOSPC'), 'MR-DSK-001'],
    [withCode('could not extend file "base/1"', '53100'), 'MR-DSK-001'],
    [new Error('IO Error: Could not write file "x": No space left on device'), 'MR-DSK-001'],
    [withCode('EACCES: permission denied, mkdir', 'EACCES'), 'MR-DSK-002'],
    [withCode('EROFS: read-only file system', 'EROFS'), 'MR-DSK-002'],
    [new Error('Out of Memory Error: failed to pin block\n\nPossible solutions:\n* more'), 'MR-MEM-001'],
    [new TypeError('x is not a function'), 'MR-BUG-001'],
    ['a mere text', 'MR-BUG-001'],
  ])('%s: %s', (thrown, code) => {
    const error = asMillraceError(thrown, '/home/shop');
    expect(error.code).toBe(code);
    expect(error.cause).toBe(thrown);
    expect(isDiskFull(thrown)).toBe(code === 'MR-DSK-001');
  });

  test('an error of the catalogue stays what it is', () => {
    const error = new MillraceError('MR-CLI-001', { problem: 'No.', help: 'millrace --help' });
    expect(asMillraceError(error, '/')).toBe(error);
  });

  test('a problem is one line without its full stop', () => {
    expect(problemOf(new Error('first\n   second.\n'))).toBe('first second');
  });
});
