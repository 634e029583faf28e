/** Templates, their blocks and their errors, as a host of the language meets them. */
import { describe, expect, test } from 'vitest';
import { makeFunction } from './call-arguments.ts';
import { readDocsBlocks } from './docs-blocks.ts';
import { describeCalls, JinjaError } from './errors.ts';
import type { Scope } from './frame.ts';
import { returnFunction } from './return-value.ts';
import { parseTemplate } from './template.ts';
import { Callable, Dict, fromPython, PyFloat, repr, Tuple, toPython, type Value } from './values.ts';

function scopeOf(values: Readonly<Record<string, Value>>, library = ''): Scope {
  const names = new Map(Object.entries({ return: returnFunction, ...values }));
  const scope: Scope = { lookup: (name) => names.get(name) };
  for (const block of parseTemplate(library, 'macros/library.sql').blocks) names.set(block.name, block.bind(scope));
  return scope;
}

const render = (text: string, values: Readonly<Record<string, Value>> = {}, library = ''): Promise<string> =>
  parseTemplate(text, 'models/orders.sql').render(scopeOf(values, library));

async function errorOf(run: () => Promise<unknown>): Promise<JinjaError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof JinjaError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const syntaxError = (text: string): Promise<JinjaError> =>
  errorOf(async () => parseTemplate(text, 'models/orders.sql'));

describe('rendering', () => {
  test('waits for functions of the host', async () => {
    const query = new Callable('run_query', async () => [1, 2]);
    expect(await render('{% for n in run_query() %}{{ n }};{% endfor %}', { run_query: query })).toBe('1;2;');
  });

  test('looks names up when the macro is called, in the scope that it was bound to', async () => {
    const [block] = parseTemplate('{% macro here() %}{{ this }}{% endmacro %}', 'macros/here.sql').blocks;
    const texts = ['a', 'b'].map((name) => block?.bind(scopeOf({ this: name })).call([], new Map()));
    expect(await Promise.all(texts)).toEqual(['a', 'b']);
  });

  test('gives the value of a template that is one expression, when the value is asked for', async () => {
    const template = parseTemplate('{{ rows }}', 'dbt_project.yml');
    expect(await template.renderNative(scopeOf({ rows: [1, 'a'] }))).toEqual([1, 'a']);
    expect(await parseTemplate('{{ rows }} ', 'dbt_project.yml').renderNative(scopeOf({ rows: [1] }))).toBe('[1] ');
  });

  test('a name that the host has as None is not looked for elsewhere', async () => {
    expect(await render('{{ range is none }}', { range: null })).toBe('True');
  });
});

describe('blocks', () => {
  const file = `-- a comment
{% macro cents(column, scale=2) -%}
  round({{ column }}, {{ scale }})
{%- endmacro %}
{% test positive(model, column_name) %}select 1{% endtest %}
{% materialization upsert, adapter='duckdb', supported_languages=['sql', 'python'] %}{% endmaterialization %}
{% materialization plain, default %}{{ return({'relations': []}) }}{% endmaterialization %}
{% snapshot orders_history %}
select {{ 1 + 1 }}
{% endsnapshot %}
{% docs orders %}What **orders** are.{% enddocs %}`;
  const { blocks } = parseTemplate(file, 'macros/all.sql');

  test('are named as dbt names them, with their lines', () => {
    expect(blocks.map(({ kind, name, line }) => [kind, name, line])).toEqual([
      ['macro', 'cents', 2],
      ['test', 'test_positive', 5],
      ['materialization', 'materialization_upsert_duckdb', 6],
      ['materialization', 'materialization_plain_default', 7],
      ['snapshot', 'orders_history', 8],
      ['docs', 'orders', 11],
    ]);
  });

  test('know their parameters, languages, source and contents', async () => {
    expect(blocks[1]?.parameters).toEqual(['model', 'column_name']);
    expect(blocks[2]?.supportedLanguages).toEqual(['sql', 'python']);
    expect(blocks[3]?.supportedLanguages).toEqual(['sql']);
    expect(blocks[1]?.source).toBe('{% test positive(model, column_name) %}select 1{% endtest %}');
    expect(blocks[5]?.contents).toBe('What **orders** are.');
    expect(await blocks[4]?.render(scopeOf({}))).toBe('\nselect 2');
  });

  test('a macro gives its text, or what return() was given', async () => {
    expect(await blocks[0]?.bind(scopeOf({})).call(['a'], new Map())).toBe('round(a, 2)');
    const result = await blocks[3]?.bind(scopeOf({})).call([], new Map());
    expect(fromPython(result ?? null)).toEqual({ relations: [] });
  });

  test('docs are read from files whose other text is no template', async () => {
    const markdown =
      '# {{ not a template\n{# {% docs x %} #}\n{% docs orders -%}\n one {{ 1 + 1 }}\n{%- enddocs %}\nrest {% if';
    const [docs, ...more] = readDocsBlocks(markdown, 'models/docs.md');
    expect([docs?.name, docs?.line, more]).toEqual(['orders', 3, []]);
    expect((await docs?.read().render(scopeOf({})))?.trim()).toBe('one 2');
    expect(() => readDocsBlocks('\n{% docs orders %}', 'models/docs.md')).toThrow("'orders' is not closed");
  });
});

const callsOf = ({ calls }: JinjaError): readonly string[] =>
  describeCalls(calls, ({ macro, calledFrom: { file, line } }) => `${macro} from ${file}:${line}`);

describe('errors', () => {
  test('name the place, and the macros on the way to it', async () => {
    const library =
      '{% macro inner(x) %}\n{{ x.city.zip }}{% endmacro %}\n{% macro outer(x) %}{{ inner(x) }}{% endmacro %}';
    const error = await errorOf(() => render('select\n{{ outer(user) }}', { user: new Dict() }, library));
    expect(error.message).toBe("'dict object' has no attribute 'city'");
    expect([error.file, error.line, ...callsOf(error)]).toEqual([
      'macros/library.sql',
      2,
      'inner from macros/library.sql:3',
      'outer from models/orders.sql:2',
    ]);
  });

  test('end macros that call themselves without end', async () => {
    const error = await errorOf(() => render('{{ again() }}', {}, '{% macro again() %}{{ again() }}{% endmacro %}'));
    expect([error.kind, error.file]).toEqual(['RecursionError', 'macros/library.sql']);
    const calls = callsOf(error);
    expect([calls.length, calls[5], calls.at(-1)]).toEqual([
      11,
      'within 490 more calls',
      'again from models/orders.sql:1',
    ]);
  });

  test('of the host keep their cause', async () => {
    const cause = new Error('no such model');
    const ref = makeFunction('ref', ['name'], () => {
      throw cause;
    });
    const error = await errorOf(() => render("\n\n  {{ ref('x') }}", { ref }));
    expect([error.kind, error.message, error.line, error.column, error.cause]).toEqual([
      'HostError',
      'no such model',
      3,
      9,
      cause,
    ]);
  });

  test.each([
    ["{{ 'a' | uper }}", "no filter named 'uper', did you mean 'upper'?", 1],
    ['\n{{ a is defind }}', "no test named 'defind', did you mean 'defined'?", 2],
    ['\n\n{% fro x in y %}', "unknown tag 'fro', did you mean 'for'?", 3],
    [
      '{% if x %}\n{% endfor %}',
      "unexpected tag 'endfor'; the innermost open tag is 'if' of line 1, which expects 'elif' or 'else' or 'endif'",
      2,
    ],
    ['{% if x %}\n', "unexpected end of template: the tag 'if' of line 1 expects 'elif' or 'else' or 'endif'", 1],
    ['{{ a b }}', "expected end of print statement ('}}'), got 'b'", 1],
    ['{{ a', "unexpected end of template: '}}' is missing", 1],
    ['{{ (a }}', "unexpected '}', expected ')'", 1],
    [
      "{% import 'x.sql' as x %}",
      "the tag 'import' is not supported: macros are found by their names in all files of the project and its packages, so remove the tag",
      1,
    ],
    [
      '{% materialization x, adaptr="y" %}{% endmaterialization %}',
      "materialization 'x' has the unknown option 'adaptr', did you mean 'adapter'?",
      1,
    ],
  ])('of syntax say what was expected: %j', async (text, message, line) => {
    const error = await syntaxError(text);
    expect([error.kind, error.message, error.line]).toEqual(['TemplateSyntaxError', message, line]);
  });
});

describe('static use', () => {
  const usesOf = (text: string) => parseTemplate(text, 'models/orders.sql').uses;

  test('names what is called, with its package', () => {
    const uses = usesOf("{{ cents(f('a')) }}{% if x %}{{ dbt_utils.star(this) }}{% endif %}{{ cents(1) }}");
    expect(uses.calledNames.map((called) => [called.package, called.name])).toEqual([
      [null, 'cents'],
      [null, 'f'],
      ['dbt_utils', 'star'],
    ]);
    expect([...uses.names]).toEqual(expect.arrayContaining(['this', 'x']));
    expect(uses.isStatic).toBe(false);
  });

  test('reads dispatches, by position and by name', () => {
    const uses = usesOf(
      "{{ adapter.dispatch('a', 'p')() }}{{ adapter.dispatch(macro_name='b', macro_namespace=x)() }}",
    );
    expect(uses.dispatches.map(({ name, namespace }) => [name, namespace])).toEqual([
      ['a', 'p'],
      ['b', undefined],
    ]);
  });

  test('reads the constant arguments of ref, source, config and var', () => {
    const uses = usesOf(
      "{{ config(tags=['a'], n=-1) }}\n{{ ref('p', 'm', version=2) }} {{ source('s', t) }} {{ var('v', 1.5) }}",
    );
    expect(uses.configs.map(({ kwargs }) => repr(Dict.of(kwargs)))).toEqual(["{'tags': ['a'], 'n': -1}"]);
    expect(uses.refs).toEqual([{ line: 2, constant: true, args: ['p', 'm'], kwargs: new Map([['version', 2]]) }]);
    expect(uses.sources.map(({ constant, args }) => [constant, args])).toEqual([[false, ['s']]]);
    expect(uses.vars.map(({ args }) => repr(new Tuple(args)))).toEqual(["('v', 1.5)"]);
  });

  test.each([
    ["{{ config(materialized='table') }} select * from {{ ref('a') }} {# c #}", true],
    ['select 1', true],
    ['{{ ref(x) }}', false],
    ["{{ ref('a').name }}", false],
    ['{% set x = 1 %}', false],
    ["{{ var('x') }}", false],
  ])('is static where constant calls say all: %j', (text, isStatic) => {
    expect(usesOf(text).isStatic).toBe(isStatic);
  });
});

describe('values', () => {
  test('come from data and become data again', () => {
    const data = { a: [1, 2.5, 'x', null, true], b: { c: [] } };
    expect(fromPython(toPython(data))).toEqual(data);
    expect(repr(toPython([1, 0.5]))).toBe('[1, 0.5]');
    expect(repr(toPython(12345678901234567890n))).toBe('12345678901234567890');
  });

  test('a dict finds keys that are equal in Python', () => {
    const dict = new Dict();
    dict
      .set(1, 'one')
      .set(new PyFloat(1), 'float')
      .set(true, 'true')
      .set(new Tuple([1, 'a']), 'tuple');
    expect(repr(dict)).toBe("{1: 'true', (1, 'a'): 'tuple'}");
    expect([dict.get(new Tuple([1, 'a'])), dict.delete(true), dict.size]).toEqual(['tuple', true, 1]);
  });
});
