{%- set facts = {
  'slug': dbt_utils.slugify('  Some-Thing (new) 2!'),
  'slug of a number': dbt_utils.slugify('1 day'),
  'log': dbt_utils.pretty_log_format('x')[-1:],
  'time': dbt_utils.pretty_time(format='%Y') | length,
  'columns': dbt_utils.get_filtered_columns_in_relation(ref('returns'), except=['reason']) | join(','),
  'dict': dbt_utils.get_query_results_as_dict('select 1 as a, 2 as B') | string,
  'no rows': dbt_utils.get_single_value("select 1 where false", default='none'),
  'powers': dbt_utils.get_powers_of_two(100),
  'intervals': dbt_utils.get_intervals_between("cast('2024-01-01' as date)", "cast('2024-01-08' as date)", 'day')
} -%}
{% for name, value in facts.items() %}
select '{{ name }}' as name, '{{ value | string | replace("'", "''") }}' as value {{ 'union all' if not loop.last }}
{%- endfor %}
