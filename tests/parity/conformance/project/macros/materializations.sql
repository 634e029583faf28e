{% materialization counted_table, default %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set existing = load_relation(this) -%}
  {{ run_hooks(pre_hooks) }}
  {% if existing is not none %}{{ adapter.drop_relation(existing) }}{% endif %}
  {% set column = config.get('counter', default='n') %}
  {% call statement('main') -%}
    create table {{ target_relation }} as
    select *, row_number() over () as {{ adapter.quote(column) }}, '{{ config.require("label") }}' as label from ({{ sql }})
  {%- endcall %}
  {{ run_hooks(post_hooks) }}
  {% do adapter.commit() %}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization view_of_kind, adapter='duckdb' %}
  {% set target_relation = this.incorporate(type='view') %}
  {% call statement('main') %}create or replace view {{ target_relation }} as (select '{{ model.name }}' as made_for, * from ({{ sql }})){% endcall %}
  {{ adapter.commit() }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
