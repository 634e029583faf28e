{# Incremental models: the new rows go into a temporary table, and from there into the target by a strategy. #}

{% materialization incremental, adapter='duckdb' %}
  {% set existing = load_cached_relation(this) %}
  {% set target_relation = this.incorporate(type='table') %}
  {% set full_refresh = existing is none or existing.is_view or should_full_refresh() %}
  {% set on_schema_change = incremental_validate_on_schema_change(config.get('on_schema_change'), default='ignore') %}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {% if full_refresh %}
    {% do replace_existing(existing, target_relation, 'create_table_as', sql) %}
  {% else %}
    {% set temp_relation = make_temp_relation(target_relation) %}
    {% do run_query(create_table_as(True, temp_relation, sql)) %}
    {% do adapter.begin() %}
    {% do adapter.expand_target_column_types(from_relation=temp_relation, to_relation=target_relation) %}
    {% set dest_columns = process_schema_changes(on_schema_change, temp_relation, existing)
      or adapter.get_columns_in_relation(existing) %}
    {% set strategy_macro = adapter.get_incremental_strategy_macro(context, config.get('incremental_strategy') or 'default') %}
    {% set build_sql = strategy_macro({
      'target_relation': target_relation,
      'temp_relation': temp_relation,
      'unique_key': config.get('unique_key'),
      'dest_columns': dest_columns,
      'incremental_predicates': config.get('predicates', none) or config.get('incremental_predicates', none)
    }) %}
    {% call statement('main') %}{{ build_sql }}{% endcall %}
    {% do run_query('drop table if exists ' ~ temp_relation) %}
  {% endif %}
  {% do apply_grants(target_relation, config.get('grants')) %}
  {% if full_refresh %}{% do create_indexes(target_relation) %}{% endif %}
  {% do persist_docs(target_relation, model) %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro incremental_validate_on_schema_change(on_schema_change, default='ignore') %}
  {% set known = ['sync_all_columns', 'append_new_columns', 'fail', 'ignore'] %}
  {% if on_schema_change in known %}{{ return(on_schema_change) }}{% endif %}
  {% do exceptions.warn(model.original_file_path ~ ": on_schema_change '" ~ on_schema_change ~ "' is none of " ~ (known | join(', ')) ~ '; it is taken for ' ~ default) %}
  {{ return(default) }}
{% endmacro %}

{% macro diff_columns(source_columns, target_columns) %}
  {% set names = target_columns | map(attribute='column') | list %}
  {{ return(source_columns | rejectattr('name', 'in', names) | list) }}
{% endmacro %}

{% macro diff_column_data_types(source_columns, target_columns) %}
  {{ return(adapter.dispatch('diff_column_data_types', 'dbt')(source_columns, target_columns)) }}
{% endmacro %}

{% macro default__diff_column_data_types(source_columns, target_columns) %}
  {% set changed = [] %}
  {% for source in source_columns %}
    {% for target in target_columns if target.name == source.name %}
      {% if source.expanded_data_type != target.expanded_data_type and not source.can_expand_to(other_column=target) %}
        {% do changed.append({'column_name': target.name, 'new_type': source.expanded_data_type}) %}
      {% endif %}
    {% endfor %}
  {% endfor %}
  {{ return(changed) }}
{% endmacro %}

{% macro check_for_schema_changes(source_relation, target_relation) %}
  {{ return(adapter.dispatch('check_for_schema_changes', 'dbt')(source_relation, target_relation)) }}
{% endmacro %}

{% macro default__check_for_schema_changes(source_relation, target_relation) %}
  {% set source_columns = adapter.get_columns_in_relation(source_relation) %}
  {% set target_columns = adapter.get_columns_in_relation(target_relation) %}
  {% set added = diff_columns(source_columns, target_columns) %}
  {% set removed = diff_columns(target_columns, source_columns) %}
  {% set types = diff_column_data_types(source_columns, target_columns) %}
  {{ return({
    'schema_changed': (added or removed or types) | length > 0,
    'source_not_in_target': added,
    'target_not_in_source': removed,
    'source_columns': source_columns,
    'target_columns': target_columns,
    'new_target_types': types
  }) }}
{% endmacro %}

{% macro sync_column_schemas(on_schema_change, target_relation, schema_changes_dict) %}
  {{ return(adapter.dispatch('sync_column_schemas', 'dbt')(on_schema_change, target_relation, schema_changes_dict)) }}
{% endmacro %}

{% macro default__sync_column_schemas(on_schema_change, target_relation, schema_changes_dict) %}
  {% set sync = on_schema_change == 'sync_all_columns' %}
  {% do alter_relation_add_remove_columns(
    target_relation,
    schema_changes_dict['source_not_in_target'],
    schema_changes_dict['target_not_in_source'] if sync else none
  ) %}
  {% for change in schema_changes_dict['new_target_types'] if sync %}
    {% do alter_column_type(target_relation, change['column_name'], change['new_type']) %}
  {% endfor %}
{% endmacro %}

{% macro process_schema_changes(on_schema_change, source_relation, target_relation) %}
  {{ return(adapter.dispatch('process_schema_changes', 'dbt')(on_schema_change, source_relation, target_relation)) }}
{% endmacro %}

{% macro default__process_schema_changes(on_schema_change, source_relation, target_relation) %}
  {% if on_schema_change == 'ignore' %}{{ return({}) }}{% endif %}
  {% set changes = check_for_schema_changes(source_relation, target_relation) %}
  {% if changes['schema_changed'] and on_schema_change == 'fail' %}
    {% do exceptions.raise_compiler_error(
      'The columns of this incremental model are no longer those of its table. Set on_schema_change to append_new_columns'
      ~ ' or sync_all_columns, alter the table, or build the model with --full-refresh.'
      ~ '\nColumns that the table lacks: ' ~ changes['source_not_in_target'] | map(attribute='name') | join(', ')
      ~ '\nColumns that the model lacks: ' ~ changes['target_not_in_source'] | map(attribute='name') | join(', ')
      ~ '\nColumns of another type: ' ~ changes['new_target_types'] | map(attribute='column_name') | join(', ')
    ) %}
  {% elif changes['schema_changed'] %}
    {% do sync_column_schemas(on_schema_change, target_relation, changes) %}
  {% endif %}
  {{ return(changes['source_columns']) }}
{% endmacro %}

{% macro get_incremental_default_sql(arg_dict) %}
  {{ return(adapter.dispatch('get_incremental_default_sql', 'dbt')(arg_dict)) }}
{% endmacro %}

{% macro default__get_incremental_default_sql(arg_dict) %}
  {{ return(get_incremental_delete_insert_sql(arg_dict)) }}
{% endmacro %}

{% macro get_incremental_append_sql(arg_dict) %}
  {{ return(adapter.dispatch('get_incremental_append_sql', 'dbt')(arg_dict)) }}
{% endmacro %}

{% macro default__get_incremental_append_sql(arg_dict) %}
  {{ return(get_insert_into_sql(arg_dict['target_relation'], arg_dict['temp_relation'], arg_dict['dest_columns'])) }}
{% endmacro %}

{% macro get_insert_into_sql(target_relation, temp_relation, dest_columns) -%}
  {%- set columns = get_quoted_csv(dest_columns | map(attribute='name')) -%}
  insert into {{ target_relation }} ({{ columns }}) (select {{ columns }} from {{ temp_relation }})
{%- endmacro %}

{% macro get_incremental_delete_insert_sql(arg_dict) %}
  {{ return(adapter.dispatch('get_incremental_delete_insert_sql', 'dbt')(arg_dict)) }}
{% endmacro %}

{% macro default__get_incremental_delete_insert_sql(arg_dict) %}
  {{ return(get_delete_insert_merge_sql(
    arg_dict['target_relation'], arg_dict['temp_relation'], arg_dict['unique_key'],
    arg_dict['dest_columns'], arg_dict['incremental_predicates']
  )) }}
{% endmacro %}

{% macro get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
  {{ adapter.dispatch('get_delete_insert_merge_sql', 'dbt')(target, source, unique_key, dest_columns, incremental_predicates) }}
{%- endmacro %}

{% macro default__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) -%}
  {%- set predicates = normalize_incremental_predicates(incremental_predicates) -%}
  {%- set several = unique_key is sequence and unique_key is not string -%}
  {%- if unique_key and several -%}
    delete from {{ target }} as DBT_INCREMENTAL_TARGET using {{ source }} where
    {%- for key in unique_key %} {{ 'and ' if not loop.first }}{{ source }}.{{ key }} = DBT_INCREMENTAL_TARGET.{{ key }}{% endfor %}
    {%- for predicate in predicates %} and {{ predicate }}{% endfor %};
  {%- elif unique_key -%}
    delete from {{ target }} where ({{ unique_key }}) in (select ({{ unique_key }}) from {{ source }})
    {%- for predicate in predicates %} and {{ predicate }}{% endfor %};
  {%- endif %}
  {{ get_insert_into_sql(target, source, dest_columns) }}
{%- endmacro %}

{% macro normalize_incremental_predicates(incremental_predicates) %}
  {% if incremental_predicates is none %}{{ return([]) }}{% endif %}
  {% if incremental_predicates is string %}{{ return([incremental_predicates]) }}{% endif %}
  {% if incremental_predicates is mapping or incremental_predicates is not sequence %}
    {% do exceptions.raise_compiler_error('incremental_predicates must be a list of strings or a string') %}
  {% endif %}
  {{ return(incremental_predicates | list) }}
{% endmacro %}

{% macro get_incremental_merge_sql(arg_dict) %}
  {{ return(adapter.dispatch('get_incremental_merge_sql', 'dbt')(arg_dict)) }}
{% endmacro %}

{% macro default__get_incremental_merge_sql(arg_dict) %}
  {{ return(get_merge_sql(
    arg_dict['target_relation'], arg_dict['temp_relation'], arg_dict['unique_key'],
    arg_dict['dest_columns'], arg_dict['incremental_predicates']
  )) }}
{% endmacro %}

{% macro get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
  {{ adapter.dispatch('get_merge_sql', 'dbt')(target, source, unique_key, dest_columns, incremental_predicates) }}
{%- endmacro %}

{% macro default__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
  {%- set clauses = config.get('merge_clauses', {}) -%}
  {%- set update_columns = config.get('merge_update_columns', []) -%}
  {%- set exclude_columns = config.get('merge_exclude_columns', []) -%}
  {%- set set_expressions = config.get('merge_update_set_expressions', {}) -%}
  {%- set update = {'action': 'update', 'condition': config.get('merge_update_condition', none), 'mode': 'by_name'} -%}
  {%- if update_columns or exclude_columns or set_expressions -%}
    {%- do update.update({'mode': 'explicit', 'update': {
      'include': update_columns, 'exclude': exclude_columns, 'set_expressions': set_expressions
    }}) -%}
  {%- endif -%}
  {%- set insert = {'action': 'insert', 'condition': config.get('merge_insert_condition', none), 'mode': 'by_name'} -%}
  {%- set returning = config.get('merge_returning_columns', []) -%}
  {%- set sql_header = config.get('sql_header', none) -%}
  {{ sql_header if sql_header is not none -}}
  merge into {{ target }} as DBT_INTERNAL_DEST using {{ source }} as DBT_INTERNAL_SOURCE
  {{ merge_join_clause(unique_key, config.get('merge_on_using_columns', []), normalize_incremental_predicates(incremental_predicates)) }}
  {%- for clause in clauses.get('when_matched', [update]) %}
  when matched {{ merge_condition(clause) }} then {{ merge_action(clause, dest_columns) }}
  {%- endfor %}
  {%- for clause in clauses.get('when_not_matched', [insert]) %}
  when not matched {{ 'by ' ~ clause['by'] if clause.get('by') }} {{ merge_condition(clause) }} then {{ merge_action(clause, dest_columns) }}
  {%- endfor %}
  {%- if returning %}
  returning {{ returning if returning is string else returning | join(', ') }}
  {%- endif %}
{%- endmacro %}

{% macro merge_join_clause(unique_key, using_columns, predicates) -%}
  {%- set conditions = [] -%}
  {%- if using_columns -%}
    using ({{ using_columns | join(', ') }})
  {%- elif unique_key -%}
    {%- for key in ([unique_key] if unique_key is string else unique_key) -%}
      {%- do conditions.append('DBT_INTERNAL_SOURCE.' ~ key ~ ' = DBT_INTERNAL_DEST.' ~ key) -%}
    {%- endfor -%}
  {%- else -%}
    {%- do conditions.append('false') -%}
  {%- endif -%}
  {%- if conditions or predicates %} on ({{ (conditions + predicates) | join(') and (') }}){% endif -%}
{%- endmacro %}

{% macro merge_condition(clause) -%}
  {%- set condition = clause.get('condition') -%}
  {%- if condition %}and {{ condition if condition is string else '(' ~ condition | join(') and (') ~ ')' }}{% endif -%}
{%- endmacro %}

{% macro merge_action(clause, dest_columns) -%}
  {%- set action, mode = clause.get('action'), clause.get('mode') -%}
  {%- if action == 'update' and mode == 'by_name' -%}update by name
  {%- elif action == 'update' and mode == 'by_position' -%}update by position
  {%- elif action == 'update' and mode == 'star' -%}update set *
  {%- elif action == 'update' -%}update set {{ merge_assignments(clause, dest_columns) }}
  {%- elif action == 'insert' and mode == 'by_position' -%}insert by position
  {%- elif action == 'insert' and mode == 'star' -%}insert *
  {%- elif action == 'insert' and mode == 'explicit' -%}
    insert ({{ clause['insert']['columns'] | join(', ') }}) values ({{ clause['insert']['values'] | join(', ') }})
  {%- elif action == 'insert' -%}insert by name
  {%- elif action == 'delete' -%}delete
  {%- elif action == 'do_nothing' -%}do nothing
  {%- elif action == 'error' -%}error {{ "'" ~ escape_single_quotes(clause['error_message']) ~ "'" if clause.get('error_message') }}
  {%- else -%}{{ exceptions.raise_compiler_error("merge_clauses: '" ~ action ~ "' is no action: use update, insert, delete, do_nothing or error") }}
  {%- endif -%}
{%- endmacro %}

{% macro merge_assignments(clause, dest_columns) -%}
  {%- set update, assignments = clause.get('update', {}), [] -%}
  {%- set expressions = update.get('set_expressions', clause.get('set_expressions', {})) -%}
  {%- for column, expression in expressions.items() -%}{%- do assignments.append(column ~ ' = ' ~ expression) -%}{%- endfor -%}
  {%- if clause.get('mode') == 'explicit' -%}
    {%- for column in get_merge_update_columns(update.get('include', []), update.get('exclude', []), dest_columns) -%}
      {%- if column | replace('"', '') not in expressions -%}
        {%- do assignments.append(column ~ ' = DBT_INTERNAL_SOURCE.' ~ column) -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endif -%}
  {{ assignments | join(', ') }}
{%- endmacro %}

{% macro get_merge_update_columns(merge_update_columns, merge_exclude_columns, dest_columns) %}
  {{ return(adapter.dispatch('get_merge_update_columns', 'dbt')(merge_update_columns, merge_exclude_columns, dest_columns)) }}
{% endmacro %}

{% macro default__get_merge_update_columns(merge_update_columns, merge_exclude_columns, dest_columns) %}
  {% if merge_update_columns and merge_exclude_columns %}
    {% do exceptions.raise_compiler_error('merge_update_columns and merge_exclude_columns exclude each other: use one of them') %}
  {% endif %}
  {% if merge_update_columns %}{{ return(merge_update_columns) }}{% endif %}
  {% set excluded, kept = merge_exclude_columns | default([], true) | map('lower') | list, [] %}
  {% for column in dest_columns if column.column | lower not in excluded %}{% do kept.append(column.quoted) %}{% endfor %}
  {{ return(kept) }}
{% endmacro %}

{% macro get_incremental_microbatch_sql(arg_dict) %}
  {{ return(adapter.dispatch('get_incremental_microbatch_sql', 'dbt')(arg_dict)) }}
{% endmacro %}

{% macro default__get_incremental_microbatch_sql(arg_dict) %}
  {% set event_time, batch = config.get('event_time'), model.get('batch') %}
  {% if not event_time %}{% do exceptions.raise_compiler_error("a microbatch model needs the config 'event_time'") %}{% endif %}
  {% if config.get('unique_key') %}
    {% do exceptions.raise_compiler_error(
      "a microbatch model replaces its batches by event_time and takes no 'unique_key': leave it out, or use incremental_strategy='merge'"
    ) %}
  {% endif %}
  {% set within = event_time ~ " >= '" ~ batch.event_time_start ~ "' and " ~ event_time ~ " < '" ~ batch.event_time_end ~ "'" %}
  {% set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) %}
  {% set build_sql -%}
    delete from {{ arg_dict['target_relation'] }} where {{ within }}
    {%- for predicate in normalize_incremental_predicates(arg_dict.get('incremental_predicates')) %} and ({{ predicate }}){% endfor %};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }}) select {{ columns }} from {{ arg_dict['temp_relation'] }} where {{ within }};
  {%- endset %}
  {{ return(build_sql) }}
{% endmacro %}
