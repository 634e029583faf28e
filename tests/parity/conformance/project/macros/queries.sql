{% macro statuses() %}
  {% if not execute %}{{ return([]) }}{% endif %}
  {% set found = run_query("select distinct status from " ~ ref('stg_orders') ~ " order by 1") %}
  {{ return(found.columns[0].values()) }}
{% endmacro %}

{% macro count_rows(relation) %}
  {% call statement('counted', fetch_result=true) %}select count(*) as n, 'x' as mark from {{ relation }}{% endcall %}
  {% set result = load_result('counted') %}
  {{ return(result['data'][0][0] if execute else 0) }}
{% endmacro %}

{% macro make_note(text, times=1, tags=[]) %}
  {% do run_query("create schema if not exists audit") %}
  {% do run_query("create table if not exists audit.notes (note varchar)") %}
  {% for i in range(times) %}
    {% do run_query("insert into audit.notes values ('" ~ text ~ ' ' ~ i ~ ' ' ~ (tags | join('/')) ~ "')") %}
  {% endfor %}
  {% do log('made ' ~ times ~ ' notes', info=true) %}
{% endmacro %}
