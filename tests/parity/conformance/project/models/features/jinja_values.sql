{%- set items = [('a', 1), ('b', 2)] -%}
{%- set mapping = dict(items) -%}
{%- do mapping.update({'c': none}) -%}
{%- set ns = namespace(total=0) -%}
{%- for key, value in mapping.items() if value is not none -%}{%- set ns.total = ns.total + value -%}{%- endfor -%}
{%- set block -%} set {{ 'block' | upper }} {%- endset -%}
{%- set wrapped_text -%}{% call(word) wrapped('<', after='>') %}{{ word }}!{% endcall %}{%- endset -%}
{%- set facts = [
  ('sum', ns.total),
  ('block', block),
  ('call', wrapped_text),
  ('list', numbers_as_list(3) | map(attribute='square') | list),
  ('gather', gather(1, 'two', none, z=3, a=[1, 'x'])),
  ('factorial', factorial(20)),
  ('early', early(3) ~ early(1)),
  ('text', no_return()),
  ('dispatch', which() ~ ', ' ~ money.label()),
  ('zip', zip([1, 2], ['x', 'y']) | list),
  ('set', set([3, 1, 3]) | sort),
  ('strict', zip_strict([1], [2]) | list ~ set_strict([1]) | list),
  ('tojson', tojson({'b': [1, 2.5, none, true], 'a': 'ü"'})),
  ('tojson sorted', tojson({'b': 1, 'a': 2}, sort_keys=true)),
  ('fromjson', fromjson('{"a": [1, {"b": null}]}')['a'][1]),
  ('fromyaml', fromyaml('a: [1, 2]\nb: text')),
  ('toyaml', toyaml({'a': [1, 'x'], 'b': {'c': true}}) | replace('\n', '|')),
  ('md5', local_md5('text')),
  ('date', modules.datetime.datetime(2024, 2, 29, 13, 5).strftime('%d.%m.%y %H:%M %j %A')),
  ('delta', (modules.datetime.date(2024, 3, 1) - modules.datetime.date(2024, 2, 1)).days),
  ('parsed', modules.datetime.datetime.strptime('2024-05-06', '%Y-%m-%d').isoformat()),
  ('regex', modules.re.sub('[aeiou]', '*', 'conformance')),
  ('match', modules.re.match('(\w+)-(\d+)', 'ab-12').groups()),

  ('var', var('threshold') ~ var('missing', 'fallback') ~ var('nested').flags ~ var('labels')[0]),
  ('env', env_var('CONFORMANCE_WORD', 'none set')),
  ('target', target.name ~ ' ' ~ target.schema ~ ' ' ~ target.type ~ ' ' ~ target.get('nothing', 'no')),
  ('this', this.schema ~ '.' ~ this.identifier ~ ' ' ~ this.include(database=false)),
  ('model', model.name ~ ' ' ~ model.config.materialized ~ ' ' ~ model.unique_id ~ ' ' ~ model.fqn | join('/')),
  ('project', project_name ~ ' ' ~ flags.FULL_REFRESH ~ ' ' ~ flags.WHICH),
  ('strings', 'a,b;c'.split(',') ~ 'Title case'.title() ~ ' x '.strip() ~ 'abc'[::-1] ~ 'ab'.center(6, '*') ~ '%s-%03d' % ('n', 7)),
  ('format', "{:>6}|{:<4}|{:,.2f}|{name!r}".format('a', 'b', 12345.678, name='q')),
  ('numbers', [7 // 2, -7 // 2, 7 % 3, -7 % 3, 7 / 2, 2 ** 10, 1e3, 10 | round(1), 2.675 | round(2), 1.0]),
  ('filters', [3, 1, 2] | sort(reverse=true) ~ ['b', 'A'] | sort ~ [1, 2, 3, 4] | batch(3) | list ~ 'a b' | title ~ [1, 2] | sum),
  ('groups', [{'k': 1, 'v': 'a'}, {'k': 2, 'v': 'b'}, {'k': 1, 'v': 'c'}] | groupby('k') | map('first') | list),
  ('selected', range(10) | select('odd') | reject('equalto', 3) | list ~ [{'a': 1}, {}] | selectattr('a', 'defined') | list),
  ('truth', [none is none, 1 is number, 'x' is string, {} is mapping, [] is iterable, undefined_name is defined, 3 is divisibleby 3]),
  ('slice', [0, 1, 2, 3, 4][1:4:2] ~ 'hello'[-3:] ~ (1, 2)[0]),
  ('ternary', 'yes' if [] else 'no'),
  ('chained', 1 < 2 < 3),
  ('in', 2 in [1, 2] and 'k' not in {'a': 1}),
  ('default', undefined_name | default('d') ~ none | default('e', true) ~ '' | default('f', true)),
  ('escape', '<a>' | escape ~ "it's" | replace("'", '"')),
  ('loop', none)
] -%}
{% for name, value in facts %}
select {{ loop.index }} as position, {{ literal(name) }} as name, {{ literal(value) }} as value, {{ loop.revindex }} as left_over, {{ literal(loop.cycle('odd', 'even')) }} as parity
{{ 'union all' if not loop.last }}
{%- endfor %}
{# a comment
   over lines #}
{% raw %}-- {{ raw }} {% is kept %}{% endraw %}
