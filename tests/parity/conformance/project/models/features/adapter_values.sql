{{ config(materialized='table') }}
{%- set orders = ref('stg_orders') -%}
{%- set relation = adapter.get_relation(database=orders.database, schema=orders.schema, identifier=orders.identifier) -%}
{%- set columns = adapter.get_columns_in_relation(orders) if execute else [] -%}
{%- set made = api.Relation.create(database=this.database, schema='some', identifier='thing', type='view') -%}
{%- set facts = [
  ('relation', relation),
  ('kind', relation.type ~ ' ' ~ relation.is_table ~ ' ' ~ relation.is_view),
  ('missing', load_relation(made)),
  ('absent', adapter.get_relation(this.database, 'main', 'not_there')),
  ('columns', columns | map(attribute='name') | join(',')),
  ('quoted', columns | map(attribute='quoted') | join(',')),
  ('types', columns | map(attribute='data_type') | join(',')),
  ('numeric', columns | selectattr('dtype', 'equalto', 'BIGINT') | map(attribute='column') | join(',')),
  ('made', made ~ ' ' ~ made.include(schema=false) ~ ' ' ~ made.quote(identifier=false)),
  ('column', api.Column.string_type(12) ~ api.Column.numeric_type('decimal', 10, 2) ~ api.Column('x', 'integer').is_integer()),
  ('quote', adapter.quote('a b')),
  ('statuses', statuses() | join('|')),
  ('counted', count_rows(orders)),
  ('schemas', adapter.check_schema_exists(this.database, 'audit') ~ adapter.check_schema_exists(this.database, 'not_there')),
  ('graph', graph.nodes.values() | selectattr('resource_type', 'equalto', 'seed') | map(attribute='name') | sort | join(',') if execute),
  ('sources', graph.sources.values() | map(attribute='name') | sort | join(',') if execute),
  ('source', source('raw', 'odd')),
  ('builtin', builtins.ref('stg_orders')),
  ('type', type_string() ~ type_timestamp() ~ type_numeric() ~ type_boolean())
] -%}
{% for name, value in facts %}
select {{ literal(name) }} as name, {{ literal(value) }} as value{{ ' union all' if not loop.last }}
{%- endfor %}
