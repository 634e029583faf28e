/** YAML as Python's reader has it, and the lines of what it says. */
import { describe, expect, test } from 'vitest';
import { slipOf } from '../../kernel/nearest.ts';
import { readYaml } from './yaml.ts';

const contentOf = (text: string): unknown => readYaml('models/a.yml', text).value;

describe('a YAML file', () => {
  test('has booleans of YAML 1.1, but y and n and dates are text', () => {
    expect(contentOf('[yes, Off, y, N, 2024-01-01, 012, 1_000]')).toEqual([
      true,
      false,
      'y',
      'N',
      '2024-01-01',
      10,
      1000,
    ]);
  });

  test('knows which whole numbers are written as floats', () => {
    const { value, floats } = readYaml(
      'a.yml',
      'models:\n  - name: a\n    min: 1.0\n    list: [1, 2.0, 2.5, 1.0e+3]\n',
    );
    expect(value).toEqual({ models: [{ name: 'a', min: 1, list: [1, 2, 2.5, 1000] }] });
    expect([...floats]).toEqual(['["models",0,"min"]', '["models",0,"list",1]', '["models",0,"list",3]']);
  });

  test('gives a block at its very end no line end that is not there', () => {
    expect(contentOf('a: >\n  one\n  two')).toEqual({ a: 'one two' });
    expect(contentOf('a: >\n  one\nb: |\n  two\n')).toEqual({ a: 'one\n', b: 'two\n' });
  });

  test('names the line of a value, of a key, and of what is around something absent', () => {
    const file = readYaml('a.yml', '# top\nmodels:\n  - name: a\n    columns:\n      - name: id\n');
    expect(file.line(['models', 0, 'columns', 0, 'name'])).toBe(5);
    expect(file.line(['models', 0], 'columns')).toBe(4);
    expect(file.line(['models', 0, 'config'])).toBe(3);
  });

  test('that is none is refused with its line', () => {
    expect(() => contentOf('models:\n  - name: "a\n')).toThrow(/^models\/a\.yml:\d+ is not YAML: /);
  });
});

test.each([
  ['colums', 'columns'],
  ['descripton', 'description'],
  ['anything', undefined],
])('%s may be a slip for %s', (word, meant) => {
  expect(slipOf(word, ['columns', 'description', 'name'])).toBe(meant);
});

test('numbers are those that Python reads: text with an E is none, integers beyond 2^53 stay exact', () => {
  const { value } = readYaml('a.yml', 'a: E1\nb: 1e5\nc: 1.5e+3\nd: 932684320793338119\ne: 0x10\nf: 12\n');
  expect(value).toEqual({ a: 'E1', b: '1e5', c: 1500, d: '932684320793338119', e: 16, f: 12 });
});
