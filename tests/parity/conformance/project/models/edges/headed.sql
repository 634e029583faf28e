{{ config(materialized='table') }}
{% call set_sql_header(config) %}
create or replace temp macro doubled(x) as x * 2;
{% endcall %}
select doubled(21) as answer
