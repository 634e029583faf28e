{{ config(materialized='table') }}
{%- set nested -%}
  {%- for item in [[1, [2, 3]], [4, []]] recursive -%}
    {%- if item is iterable -%}<{{ loop(item) }}>{%- else -%}{{ item }}{%- endif -%}
  {%- endfor -%}
{%- endset -%}
{%- set filtered -%}{% filter upper | replace('A', '4') %}banana {{ 'split' }}{% endfilter %}{%- endset -%}
{%- set scoped -%}{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{%- endset -%}
{%- set looped -%}{% for x in range(5) if x is even %}{{ loop.index0 }}:{{ x }}{{ ',' if not loop.last }}{% else %}none{% endfor %}{%- endset -%}
{%- set empty_loop -%}{% for x in [] %}x{% else %}nothing{% endfor %}{%- endset -%}
{%- set changed -%}{% for x in ['a', 'a', 'b'] %}{{ x if loop.changed(x) }}{{ loop.previtem | default('-') }}{{ loop.nextitem | default('.') }}{% endfor %}{%- endset -%}
{%- set a, b = 1, (2, 3) -%}
{%- set pieces = {'x': [1, {'y': 'deep'}], 2: 'two', (1, 2): 'pair'} -%}
{%- set facts = [
  nested, filtered, scoped, looped, empty_loop, changed, a ~ b,
  pieces['x'][1].y ~ pieces[2] ~ pieces[(1, 2)],
  pieces.get('no', 'default') ~ pieces.keys() | list | length,
  'a' if false,
  [1, 2] + [3], (1,) + (2,), 'ab' * 2, [0] * 3,
  'x' ~ 1 ~ none ~ true ~ 1.0 ~ [1, 'a'] ~ {'k': none} ~ (1,),
  1 == 1.0, '1' == 1, [1, 2] == [1, 2], none == false, 1 in {1: 2}, 'b' in 'abc', not (1 and 0), 0 or 'x', '' and 'y',
  10 // 3 ~ ' ' ~ 10 % 3 ~ ' ' ~ -10 // 3 ~ ' ' ~ 2 ** -1 ~ ' ' ~ 1 / 3 ~ ' ' ~ 7.0 // 2,
  1e20, 1e-7, 123456789.123456789, 0.1 + 0.2, 100000000000000000000 + 1, 5 | float, '7' | int + 1, 'x' | int(9), 3.7 | int, '1e3' | float,
  'Hello World' | lower | capitalize, 'hello world' | title | wordcount, 'a,b' | replace(',', ';') | trim, 'abc' | first ~ 'abc' | last, 'abc' | reverse | list if false else 'cba', 'abc' | length,
  [3, 1, 2] | sort | join('-'), [1, 2, 3] | sum, [1, 5, 2] | max ~ [1, 5, 2] | min, [1, 1, 2] | unique | list, ['b', 'A', 'c'] | sort(case_sensitive=true),
  [{'n': 2, 's': 'b'}, {'n': 1, 's': 'a'}] | sort(attribute='n') | map(attribute='s') | join, {'b': 1, 'a': 2} | dictsort, {'a': 1}.items() | list, [[1, 2], [3]] | map('length') | list, ['a', none, ''] | select | list, [1, 2, 3] | reject('gt', 2) | list,
  'text' | indent(2, true), 'a b c'.split() | list, ' x '.lstrip() ~ '|', 'abc'.find('c'), 'abcabc'.count('b'), 'a-b'.partition('-'), 'AbC'.swapcase(), 'abc'.startswith(('x', 'a')), 'x'.zfill(3), 'x'.rjust(3, '.'), 'a\tb'.expandtabs(4), '{0}-{x}'.format(1, x=2), '%s %d %.2f %r' % ('a', 1, 2.345, 'q'), 'ß'.upper(), 'abc'[1:] ~ 'abc'[-1], 'a' < 'b',
  [1, 2, 3].index(2), [1, 2].__len__() if false else 2, {'a': 1}.get('b'), dict(a=1, b=2), range(3) | list, range(10, 0, -3) | list, cycler('a', 'b').next(), joiner(',')() ~ 'x',
  'abc' | batch(2) | map('join') | list, range(7) | slice(3) | map('list') | list, 'x' | default('y') ~ (nope | default('z')), 12345.678 | round(1) ~ ' ' ~ 2.5 | round ~ ' ' ~ 3.14159 | round(2, 'floor'), -3 | abs, '<b>' | e, 'a' | string is string, [1] is sequence, 1 is odd, 'a' is lower, none is none, x is undefined, 5 is gt(3), 'a' in ['a'], 1 is sameas 1, (1 is integer) ~ (1.0 is float) ~ (true is boolean) ~ ('f' is callable),
  'one\ntwo' | replace('\n', '/'), 'a' 'b', "quo'te", 'it''s' if false else 'ok', '\u00e9', 'tab\there' | length, 'back\\slash', 0x1f if false else 31, 1_000,
  ('x' | as_text) ~ ('2' | as_native if false else '2') ~ ('true' | as_bool if false else 'true')
] -%}
{% for value in facts %}
select {{ loop.index }} as n, {{ literal(value) }} as value {{ 'union all' if not loop.last }}
{%- endfor %}
