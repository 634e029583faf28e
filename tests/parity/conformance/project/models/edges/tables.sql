{{ config(materialized='table', meta={'who': 'me', 'deep': {'a': 1}}) }}
{%- set query -%} select order_id, amount, status, ordered_at from {{ ref('stg_orders') }} order by 1 {%- endset -%}
{%- set table = run_query(query) if execute else none -%}
{%- set facts = [] -%}
{%- if execute -%}
  {%- do facts.append(('names', table.column_names)) -%}
  {%- do facts.append(('count', table.rows | length)) -%}
  {%- do facts.append(('first', table.rows[0]['status'] ~ ' ' ~ table.rows[0][0] ~ ' ' ~ table.rows[0].values()[2])) -%}
  {%- do facts.append(('column', table.columns['amount'].values() | map('string') | join(','))) -%}
  {%- do facts.append(('time', table.columns[3].values()[0])) -%}
  {%- do facts.append(('iterated', table.rows | map(attribute='order_id') | list)) -%}
  {%- do facts.append(('dict', table.rows[1].dict() | tojson if false else table.rows[1].keys())) -%}
  {%- do facts.append(('sum', table.columns['amount'].values() | sum)) -%}
  {%- for row in table.rows[:2] -%}{%- do facts.append(('row ' ~ loop.index, row[0] ~ '/' ~ row['amount'])) -%}{%- endfor -%}
  {%- call statement('plain', fetch_result=True) -%} select 1 as one, null as nothing, true as yes, 1.50::decimal(5,2) as money, date '2024-01-02' as day, [1, 2] as list, 'x' as word, 2.5::double as d, 12345678901234::bigint as big {%- endcall -%}
  {%- set plain = load_result('plain') -%}
  {%- do facts.append(('data', plain.data)) -%}
  {%- do facts.append(('as table', plain.table.rows[0].values())) -%}
  {%- do facts.append(('response', plain.response | string | length > 0)) -%}
  {%- do facts.append(('in query', get_columns_in_query('select 1 as a, 2 as "B c"'))) -%}
  {%- do facts.append(('described', get_column_schema_from_query("select 1 as a, 'x' as b") | map(attribute='data_type') | list)) -%}
{%- endif -%}
{%- do facts.append(('meta', config.get('meta').deep.a ~ config.get('meta', {})['who'] ~ config.get('nothing', 'given') ~ config.get('materialized'))) -%}
{%- do facts.append(('require', config.require('materialized'))) -%}
{%- do facts.append(('model', model.resource_type ~ ' ' ~ model.alias ~ ' ' ~ model.schema ~ ' ' ~ model.original_file_path ~ ' ' ~ model.path ~ ' ' ~ model.tags ~ ' ' ~ model.package_name)) -%}
{%- do facts.append(('refs', model.refs | map(attribute='name') | join(',') ~ ' ' ~ model.depends_on.nodes | join(','))) -%}
{%- do facts.append(('refresh', should_full_refresh())) -%}
{%- do facts.append(('store', should_store_failures())) -%}
{%- do facts.append(('types', [1, 'a', none, 1.5, true, [], {}] | map('string') | list)) -%}
{% for name, value in facts %}
select {{ loop.index }} as n, {{ literal(name) }} as name, {{ literal(value) }} as value {{ 'union all' if not loop.last }}
{%- endfor %}
