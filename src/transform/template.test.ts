/** Jinja as models use it. */
import { describe, expect, test } from 'vitest';
import { MillraceError } from '../kernel/errors.ts';
import { type Files, projectOf, sqlOf } from './fixture.ts';
import type { ProjectSettings } from './project.ts';

const render = (template: string, files: Files = {}, settings: Partial<ProjectSettings> = {}): string | undefined =>
  sqlOf(projectOf({ 'models/m.sql': template, ...files }, settings), 'm');

function failure(template: string, files: Files = {}): MillraceError {
  try {
    render(template, files);
  } catch (thrown) {
    if (thrown instanceof MillraceError) return thrown;
    throw thrown;
  }
  throw new Error('the template was rendered');
}

const macros: Files = {
  'macros/money.sql': `{# {% macro not_one(x) %} #}
{% macro cents(column, scale=2) -%}
  round({{ column }}, {{ scale }})
{%- endmacro %}

{%- macro total(column) -%}
    sum({{ cents(column, scale=4) }}) filter ({{ is_sale() }})
{%- endmacro -%}`,
  'macros/nested/sales.sql': `{% macro is_sale(cents='x') %}kind = 'sale'{{ '' if cents == 'x' }}{% endmacro %}
{%- macro grand_total(columns) -%}
  {%- for column in columns %}{{ total(column) }} as {{ column }}{{ ", " if not loop.last }}{% endfor -%}
{%- endmacro -%}`,
};

describe('a template', () => {
  test.each([
    ['text', 'select 1 as "ä"\n', 'select 1 as "ä"'],
    ['a comment', 'select {# nothing #}1', 'select 1'],
    ['a set', `{% set days = 7 %}select {{ days + 1 }}`, 'select 8'],
    ['a set block', `{% set part %}a, {{ 'b' }}{% endset %}select {{ part }}`, 'select a, b'],
    ['a loop', `select {% for c in ['a', 'b'] %}{{ c }}{{ ', ' if not loop.last }}{% endfor %}`, 'select a, b'],
    ['pairs', `{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}{{ v }} {% endfor %}`, 'a1 b2 '],
    ['a condition', `select {% if target.type == 'duckdb' %}1{% else %}2{% endif %}`, 'select 1'],
    ['an undefined name as condition', `select {% if nothing %}1{% else %}2{% endif %}`, 'select 2'],
    ['a condition on incremental', `select 1{% if is_incremental() %} where false{% endif %}`, 'select 1'],
    ['filters and methods', `{{ 'a-b'.replace('-', '_') | upper }} {{ ['x', 'y'] | join(' || ') }}`, 'A_B x || y'],
    ['execute', `{% if execute %}select 1{% endif %}`, 'select 1'],
    ['this', `select * from {{ this }}`, 'select * from "main"."m"'],
    ['the target', `{{ target.schema }}`, 'main'],
    ['a log', `select 1{{ log('hello', info=true) }}`, 'select 1'],
    ['raw text', `{% raw %}{{ x }}{% endraw %}`, '{{ x }}'],
  ])('renders %s', (_what, template, sql) => {
    expect(render(template)).toBe(sql);
  });

  test('keeps its lines, and trims where it says so', () => {
    expect(render(`{{ config(materialized='table') }}\n\nselect\n    1`)).toBe('\n\nselect\n    1');
    expect(render(`{{- config(materialized='table') -}}\n\nselect {%- if true %} 1\n{%- endif %}`)).toBe('select 1');
  });

  test.each([
    [
      'positional and keyword arguments',
      `{{ cents('price') }}; {{ cents('price', scale=3) }}`,
      'round(price, 2); round(price, 3)',
    ],
    ['macros of other files, in any order', `{{ total('x') }}`, `sum(round(x, 4)) filter (kind = 'sale')`],
    [
      'macros three deep',
      `{{ grand_total(['x', 'y']) }}`,
      `sum(round(x, 4)) filter (kind = 'sale') as x, sum(round(y, 4)) filter (kind = 'sale') as y`,
    ],
    ['macros in a set', `{% set c = cents('x') %}{{ c }}`, 'round(x, 2)'],
  ])('calls %s', (_what, template, sql) => {
    expect(render(template, macros)).toBe(sql);
  });

  test('a macro has ref, var and this of the model that calls it', () => {
    const files = {
      'macros/m.sql': `{% macro latest(name) %}select {{ var('limit') }} from {{ ref(name) }} -- {{ this }}{% endmacro %}`,
      'models/other.sql': 'select 1',
    };
    const project = projectOf({ ...files, 'models/m.sql': `{{ latest('other') }}` }, { vars: { limit: 5 } });
    expect(sqlOf(project, 'm')).toBe('select 5 from "main"."other" -- "main"."m"');
    expect(project.nodes.map(({ name }) => name)).toEqual(['other', 'm']);
  });
});

describe('var', () => {
  const vars = 'name: shop\nvars:\n  a: of all\n  b: of all\n  shop:\n    b: own\n    days: [1, 2]\n';

  test.each([
    ['of all projects', `{{ var('a') }}`, 'of all'],
    ['of this project first', `{{ var('b') }}`, 'own'],
    ['from the caller before all', `{{ var('c', 'x') }}`, 'given'],
    ['with a default', `{{ var('none', 'x') }} {{ var('none', default='y') }}`, 'x y'],
    ['that is a list', `{{ var('days') | join('+') }}`, '1+2'],
    ['that is false', `{{ 'yes' if var('off') else 'no' }}`, 'no'],
  ])('%s', (_what, template, text) => {
    expect(render(template, { 'dbt_project.yml': vars }, { vars: { c: 'given', off: false } })).toBe(text);
  });

  test('that nobody sets is an error', () => {
    expect(failure(`select {{ var('as_of') }}`)).toMatchObject({
      code: 'MR-TRF-004',
      message: 'The template of m cannot be rendered: the variable as_of is not set and has no default.',
    });
  });
});

describe('env_var', () => {
  const env = (name: string): string | undefined => ({ TZ: 'Europe/Paris', EMPTY: '' })[name];

  test.each([
    [`{{ env_var('TZ') }}`, 'Europe/Paris'],
    [`{{ env_var('TZ', 'UTC') }}`, 'Europe/Paris'],
    [`{{ env_var('EMPTY', 'UTC') }}`, ''],
    [`{{ env_var('NONE', 'UTC') }}`, 'UTC'],
    [`{{ var('tz', env_var('TZ')) }}`, 'Europe/Paris'],
  ])('%s is %j', (template, text) => {
    expect(render(template, {}, { env })).toBe(text);
  });

  test('that is not set is an error in the words of dbt', () => {
    expect(failure(`{{ env_var('NONE') }}`).message).toContain(`Env var required but not provided: 'NONE'`);
  });
});

describe('a mistake', () => {
  test.each([
    ['an undefined name', 'select\n  {{ colum }}', 'undefined value, at {{ colum }}', 'models/m.sql:2'],
    [
      'an unknown macro',
      'select\n\n{{ cent(1) }}',
      'unknown function: cent is unknown, at {{ cent(1) }}',
      'models/m.sql:3',
    ],
    [
      'bad syntax',
      'select {{ 1 + }}',
      'syntax error: unexpected end of variable block, at select {{ 1 + }}',
      'models/m.sql:1',
    ],
    ['too many arguments', `{{ cents(1, 2, 3) }}`, 'too many arguments', 'models/m.sql:1'],
    ['a mistake inside a macro', `select 1\n{{ bad() }}`, 'undefined value, at {{ oops }}', 'macros/bad.sql:3'],
  ])('%s is told with its file and line', (_what, template, problem, path) => {
    const files = { ...macros, 'macros/bad.sql': '\n{% macro bad() %}\n{{ oops }}\n{% endmacro %}' };
    const error = failure(template, files);
    expect(error.code).toBe('MR-TRF-004');
    expect(error.message).toContain(`The template of m cannot be rendered: ${problem}`);
    expect(error.remedy).toBe(`Correct ${path}.`);
  });

  test('a macro file that is no Jinja is told with its line', () => {
    expect(failure('select 1', { 'macros/bad.sql': '\n{% macro bad( %}' })).toMatchObject({
      code: 'MR-TRF-004',
      remedy: 'Correct macros/bad.sql:2.',
    });
  });

  test('a macro that is there twice names both files', () => {
    const macro = '{% macro a() %}{% endmacro %}';
    expect(failure('select 1', { 'macros/a.sql': macro, 'macros/b.sql': macro }).message).toBe(
      'The project file macros/b.sql is wrong: the macro a is also in macros/a.sql.',
    );
  });

  test('one template that fails leaves the next unharmed', () => {
    expect(failure(`{{ var('none') }}`).code).toBe('MR-TRF-004');
    expect(render('select {{ 1 }}')).toBe('select 1');
  });
});
