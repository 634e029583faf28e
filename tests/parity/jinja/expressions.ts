/** Makes expressions and templates at random, for the comparison with Python's jinja2. */
import fc from 'fast-check';

const numbers = ['0', '1', '2', '7', '-3', '10', '255', '0.5', '1.5', '2.0', '1e3', '12345678901234567890'];
const texts = ["''", "'a'", "'Ab c'", "'b,c'", "'10'", "'x1'"];
const names = ['n', 'text', 'items', 'user', 'missing', 'none', 'true', 'false'];
const operators = ['+', '-', '*', '/', '//', '%', '~', '==', '!=', '<', '<=', '>', '>=', 'in', 'not in', 'and', 'or'];
const filters = [
  'abs',
  'capitalize',
  "default('d')",
  'first',
  'float',
  'int',
  "join('-')",
  'last',
  'length',
  'list',
  'lower',
  'max',
  'min',
  "replace('a', 'b')",
  'round(1)',
  'sort',
  'string',
  'sum',
  'title',
  'trim',
  'unique | list',
  'upper',
  "map('string') | list",
  'select | list',
  'batch(2) | list',
  'wordcount',
  'items | list',
  'center(7)',
  'string | indent(2)',
];
const tests = [
  'defined',
  'none',
  'odd',
  'string',
  'number',
  'mapping',
  'iterable',
  'sequence',
  'divisibleby 3',
  'sameas true',
  'in [1, 2]',
  'integer',
  'float',
  'upper',
  'boolean',
];
const tails = [
  '[0]',
  '[-1]',
  '.a',
  "['a']",
  '.upper()',
  ".split(',')",
  ".get('a')",
  '.items() | list',
  '.nope',
  '.append(1)',
  ".startswith('a')",
  '.count(1)',
  '.format(1)',
  '.keys() | list',
];

const { expression } = fc.letrec<{ expression: string; atom: string; compound: string }>((tie) => ({
  atom: fc.oneof(fc.constantFrom(...numbers), fc.constantFrom(...texts), fc.constantFrom(...names)),
  compound: fc.oneof(
    fc.tuple(tie('expression'), fc.constantFrom(...operators), tie('expression')).map((parts) => parts.join(' ')),
    fc.tuple(tie('expression'), fc.constantFrom(...filters)).map(([input, filter]) => `(${input}) | ${filter}`),
    fc.tuple(tie('expression'), fc.constantFrom(...tests)).map(([input, test]) => `(${input}) is ${test}`),
    fc.tuple(tie('expression'), fc.constantFrom(...tails)).map(([target, tail]) => `(${target})${tail}`),
    // Of sequences alone: Python refuses slices of other values or not by whether they are constants.
    fc
      .tuple(fc.constantFrom('text', 'items', "'b,c'", '(1, 2)'), fc.constantFrom('[1:]', '[::-1]', '[-2:9]'))
      .map((parts) => parts.join('')),
    fc.array(tie('expression'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc.array(tie('expression'), { maxLength: 2 }).map((items) => `(${items.map((item) => `${item}, `).join('')})`),
    fc.tuple(tie('expression'), tie('expression')).map(([first, second]) => `{'a': ${first}, 1: ${second}}`),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([a, b, c]) => `(${a} if ${b} else ${c})`),
    tie('expression').map((operand) => `not ${operand}`),
    tie('expression').map((operand) => `-(${operand})`),
  ),
  expression: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('atom'), tie('compound')),
}));

/** What the expressions' names stand for. */
export const expressionContext = { n: 7, text: 'The fox', items: [3, 1, 2], user: { a: 1, name: 'Ada' } };

/** So many expressions, the same for the same seed. */
export const sampleExpressions = (count: number, seed: number): readonly string[] =>
  fc.sample(expression, { numRuns: count, seed });

const text = fc
  .array(fc.constantFrom(' ', '\n', 'a', '  \n', 'select', '}', '%', '{', '#', '\t', "'"), { maxLength: 4 })
  .map((parts) =>
    // Text that opens a tag by chance would make most templates invalid.
    parts.join('').replaceAll(/\{(?=[{%#])|\{$/g, ''),
  );
const sign = fc.constantFrom('', '', '-', '+');

/** A tag with signs at its ends, as `{%- if x %}`. */
const tag = (inner: string): fc.Arbitrary<string> =>
  fc.tuple(sign, sign).map(([left, right]) => `{%${left} ${inner} ${right}%}`);
const joined = (...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((pieces) => pieces.join(''));
const output = fc
  .tuple(sign, expression, fc.constantFrom('', '-'))
  .map(([left, inner, right]) => `{{${left} ${inner} ${right}}}`);

const { template } = fc.letrec<{ template: string; statement: string }>((tie) => ({
  statement: fc.oneof(
    text,
    output,
    joined(tag('if n > 5'), tie('template'), tag('else'), tie('template'), tag('endif')),
    joined(tag('if missing'), tie('template'), tag('elif items'), tie('template'), tag('endif')),
    joined(tag('for x in items'), tie('template'), fc.constantFrom('{{ x }}', '{{ loop.index }}', ''), tag('endfor')),
    joined(tag('for k, x in user.items()'), fc.constant('{{ k }}'), tie('template'), tag('else'), text, tag('endfor')),
    joined(tag('set s'), tie('template'), tag('endset'), fc.constant('[{{ s }}]')),
    joined(tag('set n = [n]'), tie('template')),
    joined(tag('filter upper'), tie('template'), tag('endfilter')),
    joined(tag('with n = 1'), tie('template'), tag('endwith')),
    joined(fc.constantFrom('{#', '{#-', '{#+'), text, fc.constantFrom('#}', '-#}', '+#}')),
    joined(fc.constantFrom('{% raw %}', '{%- raw -%}'), text, fc.constantFrom('{% endraw %}', '{%- endraw -%}')),
    joined(
      tag('macro m(a, b=2)'),
      tie('template'),
      fc.constant('{{ a }}{{ b }}'),
      tag('endmacro'),
      fc.constant('{{ dbt_macro__m(n) }}'),
    ),
  ),
  template: fc.array(tie('statement'), { maxLength: 4 }).map((parts) => parts.join('')),
}));

/** So many templates, the same for the same seed. */
export const sampleTemplates = (count: number, seed: number): readonly string[] =>
  fc.sample(template, { numRuns: count, seed });
