{# The four generic tests: each selects the rows that break its rule. #}

{% test unique(model, column_name) %}
  {{- adapter.dispatch('test_unique', 'dbt')(model, column_name) -}}
{% endtest %}

{% macro default__test_unique(model, column_name) %}
select {{ column_name }} as unique_field, count(*) as n_records
from {{ model }}
where {{ column_name }} is not null
group by {{ column_name }}
having count(*) > 1
{% endmacro %}

{% test not_null(model, column_name) %}
  {{- adapter.dispatch('test_not_null', 'dbt')(model, column_name) -}}
{% endtest %}

{% macro default__test_not_null(model, column_name) %}
select {{ '*' if should_store_failures() else column_name }}
from {{ model }}
where {{ column_name }} is null
{% endmacro %}

{% test accepted_values(model, column_name, values, quote=True) %}
  {{- adapter.dispatch('test_accepted_values', 'dbt')(model, column_name, values, quote) -}}
{% endtest %}

{% macro default__test_accepted_values(model, column_name, values, quote=True) %}
select value_field, n_records
from (
  select {{ column_name }} as value_field, count(*) as n_records
  from {{ model }}
  group by {{ column_name }}
) as found
where value_field not in (
  {%- for value in values -%}
    {%- if quote %}'{{ value }}'{% else %}{{ value }}{% endif %}{{ ', ' if not loop.last }}
  {%- endfor -%}
)
{% endmacro %}

{% test relationships(model, column_name, to, field) %}
  {{- adapter.dispatch('test_relationships', 'dbt')(model, column_name, to, field) -}}
{% endtest %}

{% macro default__test_relationships(model, column_name, to, field) %}
select from_field
from (select {{ column_name }} as from_field from {{ model }} where {{ column_name }} is not null) as child
left join (select {{ field }} as to_field from {{ to }}) as parent on child.from_field = parent.to_field
where parent.to_field is null
{% endmacro %}

{# The relation that a generic test reads: filtered by the test's own `where`. #}
{% macro get_where_subquery(relation) %}
  {% do return(adapter.dispatch('get_where_subquery', 'dbt')(relation)) %}
{% endmacro %}

{% macro default__get_where_subquery(relation) %}
  {% set condition = config.get('where', '') %}
  {% if not condition %}{% do return(relation) %}{% endif %}
  {% do return('(select * from ' ~ relation ~ ' where ' ~ condition ~ ') dbt_subquery') %}
{% endmacro %}
