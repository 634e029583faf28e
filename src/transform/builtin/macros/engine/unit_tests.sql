{# Unit tests: given rows stand for what a model reads, and what comes out is set against the expected rows. #}

{% materialization unit, default %}
  {% set expected_rows, expected_sql = config.get('expected_rows'), config.get('expected_sql') %}
  {% set types, quoted = {}, {} %}
  {% for column in adapter.get_column_schema_from_query(get_empty_subquery_sql(sql)) %}
    {% do types.update({column.name | lower: column.data_type}) %}
    {% do quoted.update({column.name | lower: column.quoted}) %}
  {% endfor %}
  {% set names = [] %}
  {% for name in (expected_rows[0].keys() if expected_rows else quoted.keys()) %}
    {% do names.append(quoted.get(name | lower, adapter.quote(name))) %}
  {% endfor %}
  {% if not expected_sql %}{% set expected_sql = get_expected_sql(expected_rows, types, quoted) %}{% endif %}
  {% call statement('main', fetch_result=True) -%}
    {{ get_unit_test_sql(sql, expected_sql, names) }}
  {%- endcall %}
  {{ return({'relations': []}) }}
{% endmaterialization %}

{% macro get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
  {{ adapter.dispatch('get_unit_test_sql', 'dbt')(main_sql, expected_fixture_sql, expected_column_names) }}
{%- endmacro %}

{% macro default__get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
{%- set columns = expected_column_names | join(', ') -%}
with dbt_internal_unit_test_actual as (
  select {{ columns }}, 'actual' as actual_or_expected from ({{ main_sql }}
  ) as actual_rows
),
dbt_internal_unit_test_expected as (
  select {{ columns }}, 'expected' as actual_or_expected from ({{ expected_fixture_sql }}
  ) as expected_rows
)
select * from dbt_internal_unit_test_actual
union all
select * from dbt_internal_unit_test_expected
{%- endmacro %}

{# The rows of a fixture as a select; the columns that a row leaves out are null. #}
{% macro get_fixture_sql(rows, column_name_to_data_types) %}
  {% set types, quoted = {}, {} %}
  {% if column_name_to_data_types %}
    {% for name, type in column_name_to_data_types.items() %}
      {% do types.update({name: type}) %}
      {% do quoted.update({name: adapter.quote(name)}) %}
    {% endfor %}
  {% else %}
    {% set relation = defer_relation if defer_relation and not load_relation(this) else this %}
    {% for column in adapter.get_columns_in_relation(relation) %}
      {% do types.update({column.name | lower: column.data_type}) %}
      {% do quoted.update({column.name | lower: column.quoted}) %}
    {% endfor %}
  {% endif %}
  {% if not types %}
    {% do exceptions.raise_compiler_error(
      "Not able to get columns for unit test '" ~ model.name ~ "' from relation " ~ this ~ " because the relation doesn't exist"
    ) %}
  {% endif %}
  {% set empty, selects = {}, [] %}
  {% for name, type in types.items() %}{% do empty.update({name: safe_cast('null', type) | trim}) %}{% endfor %}
  {% for row in rows or [] %}
    {% set values = empty.copy() %}
    {% do values.update(format_row(row, types)) %}
    {% do selects.append(fixture_select(values, quoted)) %}
  {% endfor %}
  {{ return(selects | join('\nunion all\n') if selects else fixture_select(empty, quoted) ~ ' limit 0') }}
{% endmacro %}

{% macro fixture_select(values, quoted) -%}
  select {% for name, value in values.items() %}{{ value }} as {{ quoted[name] }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}

{% macro get_expected_sql(rows, column_name_to_data_types, column_name_to_quoted) %}
  {% set selects = [] %}
  {% for row in rows or [] %}
    {% do selects.append(fixture_select(format_row(row, column_name_to_data_types), column_name_to_quoted)) %}
  {% endfor %}
  {{ return(selects | join('\nunion all\n') if selects else 'select * from dbt_internal_unit_test_actual limit 0') }}
{% endmacro %}

{% macro format_row(row, column_name_to_data_types) %}
  {% set formatted = {} %}
  {% for key, value in row.items() %}
    {% set name = key | lower %}
    {% if name not in column_name_to_data_types %}
      {% set fixture = 'expected output' if model.resource_type == 'unit_test' else "'" ~ model.name ~ "'" %}
      {% do exceptions.raise_compiler_error(
        "Invalid column name: '" ~ key ~ "' in unit test fixture for " ~ fixture ~ '.'
        ~ '\nAccepted columns for ' ~ fixture ~ ' are: ' ~ (column_name_to_data_types.keys() | list)
      ) %}
    {% endif %}
    {% set type = column_name_to_data_types[name] %}
    {% if value is string and 'varying' in type %}{% set type = type.split('(')[0] %}{% endif %}
    {% if value is string %}{% set literal = string_literal(escape_single_quotes(value)) %}
    {% elif value is none %}{% set literal = 'null' %}
    {% else %}{% set literal = value %}
    {% endif %}
    {% do formatted.update({name: safe_cast(literal, type) | trim}) %}
  {% endfor %}
  {{ return(formatted) }}
{% endmacro %}
