{# How views, tables, seeds and tests are built. #}

{% materialization view, default %}
  {% set target_relation = this.incorporate(type='view') %}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {% do replace_existing(load_cached_relation(this), target_relation, 'create_view_as', sql) %}
  {% do apply_grants(target_relation, config.get('grants')) %}
  {% do persist_docs(target_relation, model) %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization table, adapter='duckdb' %}
  {% set target_relation = this.incorporate(type='table') %}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {% do replace_existing(load_cached_relation(this), target_relation, 'create_table_as', sql) %}
  {% do create_indexes(target_relation) %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do apply_grants(target_relation, config.get('grants')) %}
  {% do persist_docs(target_relation, model) %}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization seed, default %}
  {% set full_refresh = should_full_refresh() %}
  {% set existing = adapter.get_relation(database=database, schema=schema, identifier=model['alias']) %}
  {% set target_relation = this.incorporate(type='table') %}
  {% set agate_table = load_agate_table() %}
  {% do store_result('agate_table', response='OK', agate_table=agate_table) %}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {% if existing is not none and existing.is_view %}
    {% do exceptions.raise_compiler_error("Cannot seed to '" ~ existing.render() ~ "', it is a view") %}
  {% elif existing is not none %}
    {% set prepared = reset_csv_table(model, full_refresh, existing, agate_table) %}
  {% else %}
    {% set prepared = create_csv_table(model, agate_table) %}
  {% endif %}
  {% set rows = agate_table.rows | length %}
  {% set loaded = load_csv_rows(model, agate_table) if rows > 0 else '' %}
  {% set code = 'CREATE' if full_refresh else 'INSERT' %}
  {% call noop_statement('main', code ~ ' ' ~ rows, code, rows) %}{{ get_csv_sql(prepared, loaded) }}{% endcall %}
  {% do apply_grants(target_relation, config.get('grants')) %}
  {% do persist_docs(target_relation, model) %}
  {% if full_refresh or existing is none %}{% do create_indexes(target_relation) %}{% endif %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro create_csv_table(model, agate_table) -%}
  {{ return(adapter.dispatch('create_csv_table', 'dbt')(model, agate_table)) }}
{%- endmacro %}

{% macro default__create_csv_table(model, agate_table) %}
  {% set declared = model['config'].get('column_types', {}) %}
  {% set quote = model['config'].get('quote_columns', none) %}
  {% set columns = [] %}
  {% for name in agate_table.column_names %}
    {% set type = declared.get(name, adapter.convert_type(agate_table, loop.index0)) %}
    {% do columns.append(adapter.quote_seed_column(name | string, quote) ~ ' ' ~ type) %}
  {% endfor %}
  {% set sql = 'create or replace table ' ~ this.render() ~ ' (' ~ columns | join(', ') ~ ')' %}
  {% call statement('_') %}{{ sql }}{% endcall %}
  {{ return(sql) }}
{% endmacro %}

{% macro reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
  {{ return(adapter.dispatch('reset_csv_table', 'dbt')(model, full_refresh, old_relation, agate_table)) }}
{%- endmacro %}

{% macro default__reset_csv_table(model, full_refresh, old_relation, agate_table) %}
  {% if full_refresh %}{{ return(create_csv_table(model, agate_table)) }}{% endif %}
  {% do adapter.truncate_relation(old_relation) %}
  {{ return('truncate table ' ~ old_relation.render()) }}
{% endmacro %}

{% macro get_csv_sql(create_or_truncate_sql, insert_sql) -%}
  {{ adapter.dispatch('get_csv_sql', 'dbt')(create_or_truncate_sql, insert_sql) }}
{%- endmacro %}

{% macro default__get_csv_sql(create_or_truncate_sql, insert_sql) -%}
{{ create_or_truncate_sql }};
{{ insert_sql }};
{%- endmacro %}

{% macro get_seed_column_quoted_csv(model, column_names) %}
  {% set quote, columns = model['config'].get('quote_columns', none), [] %}
  {% for name in column_names %}{% do columns.append(adapter.quote_seed_column(name, quote)) %}{% endfor %}
  {{ return(columns | join(', ')) }}
{% endmacro %}

{% macro load_csv_rows(model, agate_table) -%}
  {{ return(adapter.dispatch('load_csv_rows', 'dbt')(model, agate_table)) }}
{%- endmacro %}

{% macro default__load_csv_rows(model, agate_table) %}
  {% set path = escape_single_quotes(adapter.get_seed_file_path(model)) %}
  {% set delimiter = escape_single_quotes(config.get('delimiter', ',')) %}
  {% set sql = 'copy ' ~ this.render() ~ " from '" ~ path ~ "' (format csv, header true, delimiter '" ~ delimiter ~ "')" %}
  {% do adapter.add_query(sql, abridge_sql_log=True) %}
  {{ return(sql) }}
{% endmacro %}

{% materialization test, default %}
  {% set stored = [] %}
  {% set main_sql = get_limit_subquery_sql(sql, config.get('limit')) %}
  {% if should_store_failures() %}
    {% set kind = config.get('store_failures_as') or 'table' %}
    {% if kind not in ['table', 'view'] %}
      {% do exceptions.raise_compiler_error(
        "'" ~ kind ~ "' is no way to store failures (store_failures_as): use 'table', 'view' or 'ephemeral'"
      ) %}
    {% endif %}
    {% set old = adapter.get_relation(database=database, schema=schema, identifier=model['alias']) %}
    {% set target_relation = api.Relation.create(
      identifier=model['alias'], schema=schema, database=database, type=kind
    ) %}
    {% if old and old.type != kind %}{% do adapter.drop_relation(old) %}{% endif %}
    {% call statement(auto_begin=True) %}{{ get_create_sql(target_relation, main_sql) }}{% endcall %}
    {% do stored.append(target_relation) %}
    {% set main_sql = 'select * from ' ~ target_relation %}
    {% do adapter.commit() %}
  {% endif %}
  {% call statement('main', fetch_result=True) -%}
    {{ get_test_sql(main_sql, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none) }}
  {%- endcall %}
  {{ return({'relations': stored}) }}
{% endmaterialization %}

{% macro get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) -%}
  {{ adapter.dispatch('get_test_sql', 'dbt')(main_sql, fail_calc, warn_if, error_if, limit) }}
{%- endmacro %}

{% macro default__get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) -%}
select
  {{ fail_calc }} as failures,
  {{ fail_calc }} {{ warn_if }} as should_warn,
  {{ fail_calc }} {{ error_if }} as should_error
from ({{ main_sql }}
{{ 'limit ' ~ limit if limit is not none }}
) dbt_internal_test
{%- endmacro %}
