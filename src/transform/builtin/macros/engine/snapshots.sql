{# Snapshots: each state of a row with the time from and to which it held. #}

{% materialization snapshot, default %}
  {% set exists, target_relation = get_or_create_relation(
    database=model.database, schema=model.schema, identifier=model.get('alias', model.get('name')), type='table'
  ) %}
  {% if not target_relation.is_table %}{% do exceptions.relation_wrong_type(target_relation, 'table') %}{% endif %}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {% set strategy_macro = strategy_dispatch(config.get('strategy')) %}
  {% set strategy = strategy_macro(model, 'snapshotted_data', 'source_data', model['config'], exists) %}
  {% if not exists %}
    {% set final_sql = create_table_as(False, target_relation, build_snapshot_table(strategy, model['compiled_code'])) %}
  {% else %}
    {% do adapter.begin() %}
    {% set names = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() %}
    {% do adapter.assert_valid_snapshot_target_given_strategy(target_relation, names, strategy) %}
    {% set staging = build_snapshot_staging_table(strategy, sql, target_relation) %}
    {% do adapter.expand_target_column_types(from_relation=staging, to_relation=target_relation) %}
    {% set helpers = ['dbt_change_type', 'dbt_unique_key'] %}
    {% if strategy.unique_key | is_list %}
      {% for key in strategy.unique_key %}{% do helpers.append('dbt_unique_key_' ~ loop.index) %}{% endfor %}
    {% endif %}
    {% set missing = adapter.get_missing_columns(staging, target_relation) | rejectattr('name', 'in', helpers) | list %}
    {% do create_columns(target_relation, missing) %}
    {% set columns = [] %}
    {% for column in adapter.get_columns_in_relation(staging) | rejectattr('name', 'in', helpers) %}
      {% do columns.append(adapter.quote(column.name)) %}
    {% endfor %}
    {% set final_sql = snapshot_merge_sql(target=target_relation, source=staging, insert_cols=columns) %}
  {% endif %}
  {% call statement('main') %}{{ final_sql }}{% endcall %}
  {% do apply_grants(target_relation, config.get('grants')) %}
  {% do persist_docs(target_relation, model) %}
  {% if not exists %}{% do create_indexes(target_relation) %}{% endif %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {% do adapter.commit() %}
  {% if staging is defined %}{% do post_snapshot(staging) %}{% endif %}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro strategy_dispatch(name) %}
  {% set place, short = name.split('.', 1) if '.' in name else (none, name) %}
  {% set macros = context if place is none else context.get(place) %}
  {% set wanted = 'snapshot_' ~ short ~ '_strategy' %}
  {% if not macros or wanted not in macros %}
    {% do exceptions.raise_compiler_error("there is no snapshot strategy '" ~ name ~ "' (a macro named " ~ wanted ~ ')') %}
  {% endif %}
  {{ return(macros[wanted]) }}
{% endmacro %}

{% macro get_snapshot_table_column_names() %}
  {{ return({
    'dbt_valid_to': 'dbt_valid_to', 'dbt_valid_from': 'dbt_valid_from', 'dbt_scd_id': 'dbt_scd_id',
    'dbt_updated_at': 'dbt_updated_at', 'dbt_is_deleted': 'dbt_is_deleted'
  }) }}
{% endmacro %}

{% macro snapshot_hash_arguments(args) -%}
  {{ adapter.dispatch('snapshot_hash_arguments', 'dbt')(args) }}
{%- endmacro %}

{% macro default__snapshot_hash_arguments(args) -%}
  {%- set texts = [] -%}
  {%- for arg in args -%}{%- do texts.append("coalesce(cast(" ~ arg ~ " as varchar), '')") -%}{%- endfor -%}
  md5({{ texts | join(" || '|' || ") }})
{%- endmacro %}

{% macro snapshot_get_time() -%}
  {{ adapter.dispatch('snapshot_get_time', 'dbt')() }}
{%- endmacro %}

{% macro default__snapshot_get_time() -%}
  {{ current_timestamp() }}::timestamp
{%- endmacro %}

{% macro snapshot_string_as_time(timestamp) -%}
  {{ return(adapter.dispatch('snapshot_string_as_time', 'dbt')(timestamp)) }}
{%- endmacro %}

{% macro default__snapshot_string_as_time(timestamp) %}
  {{ return("'" ~ timestamp ~ "'::timestamp") }}
{% endmacro %}

{% macro snapshot_strategy(updated_at, row_changed) %}
  {% set hard_deletes = adapter.get_hard_deletes_behavior(config) %}
  {{ return({
    'unique_key': config.get('unique_key'),
    'updated_at': updated_at,
    'row_changed': row_changed,
    'scd_id': snapshot_hash_arguments(api.Relation.scd_args(config.get('unique_key'), updated_at)),
    'invalidate_hard_deletes': hard_deletes == 'invalidate',
    'hard_deletes': hard_deletes
  }) }}
{% endmacro %}

{% macro snapshot_timestamp_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) %}
  {% set names = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() %}
  {% set updated_at = config.get('updated_at') %}
  {{ return(snapshot_strategy(
    updated_at, '(' ~ snapshotted_rel ~ '.' ~ names.dbt_valid_from ~ ' < ' ~ current_rel ~ '.' ~ updated_at ~ ')'
  )) }}
{% endmacro %}

{% macro snapshot_check_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) %}
  {% set column_added, columns = snapshot_check_all_get_existing_columns(node, target_exists, config.get('check_cols')) %}
  {% set changes = [get_true_sql()] if column_added else [] %}
  {% for column in columns if not column_added %}
    {% do changes.append(snapshotted_rel ~ '.' ~ column ~ ' is distinct from ' ~ current_rel ~ '.' ~ column) %}
  {% endfor %}
  {{ return(snapshot_strategy(
    config.get('updated_at') or snapshot_get_time(), '(' ~ (changes | join(' or ') or 'false') ~ ')'
  )) }}
{% endmacro %}

{% macro get_true_sql() %}
  {{ return(adapter.dispatch('get_true_sql', 'dbt')()) }}
{% endmacro %}

{% macro default__get_true_sql() %}
  {{ return('true') }}
{% endmacro %}

{# Whether a checked column is new to the table, and those that it has. #}
{% macro snapshot_check_all_get_existing_columns(node, target_exists, check_cols_config) %}
  {% if not target_exists %}{{ return((false, [])) }}{% endif %}
  {% if check_cols_config == 'all' %}
    {% set wanted = get_columns_in_query(node['compiled_code']) %}
  {% elif check_cols_config is iterable and check_cols_config is not string and check_cols_config | length > 0 %}
    {% set wanted = get_columns_in_query('select ' ~ check_cols_config | join(', ') ~ ' from (' ~ node['compiled_code'] ~ '\n) subq') %}
  {% else %}
    {% do exceptions.raise_compiler_error("Invalid value for 'check_cols': " ~ check_cols_config) %}
  {% endif %}
  {% set target = adapter.get_relation(database=node.database, schema=node.schema, identifier=node.alias) %}
  {% set present, found = adapter.get_columns_in_relation(target) | map(attribute='name') | list, [] %}
  {% for column in wanted if column in present %}{% do found.append(adapter.quote(column)) %}{% endfor %}
  {{ return((found | length < wanted | length, found)) }}
{% endmacro %}

{% macro get_dbt_valid_to_current(strategy, columns) -%}
  {%- set end = config.get('dbt_valid_to_current') or 'null' -%}
  coalesce(nullif({{ strategy.updated_at }}, {{ strategy.updated_at }}), {{ end }}) as {{ columns.dbt_valid_to }}
{%- endmacro %}

{% macro build_snapshot_table(strategy, sql) -%}
  {{ adapter.dispatch('build_snapshot_table', 'dbt')(strategy, sql) }}
{%- endmacro %}

{% macro default__build_snapshot_table(strategy, sql) -%}
  {%- set names = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() -%}
  select *,
    {{ strategy.scd_id }} as {{ names.dbt_scd_id }},
    {{ strategy.updated_at }} as {{ names.dbt_updated_at }},
    {{ strategy.updated_at }} as {{ names.dbt_valid_from }},
    {{ get_dbt_valid_to_current(strategy, names) }}
    {%- if strategy.hard_deletes == 'new_record' %}, 'False' as {{ names.dbt_is_deleted }}{% endif %}
  from ({{ sql }}
  ) sbq
{%- endmacro %}

{% macro unique_key_fields(unique_key) -%}
  {%- if unique_key | is_list -%}
    {%- for key in unique_key -%}{{ key }} as dbt_unique_key_{{ loop.index }}{{ ', ' if not loop.last }}{%- endfor -%}
  {%- else -%}
    {{ unique_key }} as dbt_unique_key
  {%- endif -%}
{%- endmacro %}

{% macro unique_key_join_on(unique_key, identifier, from_identifier) -%}
  {%- if unique_key | is_list -%}
    {%- for key in unique_key -%}
      {{ equals(identifier ~ '.dbt_unique_key_' ~ loop.index, from_identifier ~ '.dbt_unique_key_' ~ loop.index) }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
  {%- else -%}
    {{ identifier }}.dbt_unique_key = {{ from_identifier }}.dbt_unique_key
  {%- endif -%}
{%- endmacro %}

{% macro unique_key_is_null(unique_key, identifier) -%}
  {{ identifier }}.dbt_unique_key{{ '_1' if unique_key | is_list }} is null
{%- endmacro %}

{% macro unique_key_is_not_null(unique_key, identifier) -%}
  {{ identifier }}.dbt_unique_key{{ '_1' if unique_key | is_list }} is not null
{%- endmacro %}

{% macro build_snapshot_staging_table(strategy, sql, target_relation) %}
  {% set temp_relation = make_temp_relation(target_relation) %}
  {% call statement('build_snapshot_staging_relation') %}
    create temporary table {{ temp_relation }} as ({{ snapshot_staging_table(strategy, sql, target_relation) }})
  {% endcall %}
  {{ return(temp_relation) }}
{% endmacro %}

{% macro snapshot_staging_table(strategy, source_sql, target_relation) -%}
  {{ adapter.dispatch('snapshot_staging_table', 'dbt')(strategy, source_sql, target_relation) }}
{%- endmacro %}

{# One row per change: new states to insert, and former ones to close; of deletions by what hard_deletes asks for. #}
{% macro default__snapshot_staging_table(strategy, source_sql, target_relation) -%}
  {%- set names = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() -%}
  {%- set key, now, current_end = strategy.unique_key, snapshot_get_time(), config.get('dbt_valid_to_current') -%}
  {%- set closes, records = strategy.hard_deletes in ['invalidate', 'new_record'], strategy.hard_deletes == 'new_record' -%}
  {%- set revived = " or snapshotted_data." ~ names.dbt_is_deleted ~ " = 'True'" if records else '' -%}
  with snapshot_query as ({{ source_sql }}
  ),
  snapshotted_data as (
    select *, {{ unique_key_fields(key) }} from {{ target_relation }}
    where {{ names.dbt_valid_to }} is null {{ 'or ' ~ names.dbt_valid_to ~ ' = ' ~ current_end if current_end }}
  ),
  new_states as (
    select *, {{ unique_key_fields(key) }},
      {{ strategy.updated_at }} as {{ names.dbt_updated_at }},
      {{ strategy.updated_at }} as {{ names.dbt_valid_from }},
      {{ get_dbt_valid_to_current(strategy, names) }},
      {{ strategy.scd_id }} as {{ names.dbt_scd_id }}
    from snapshot_query
  ),
  closing_states as (
    select *, {{ unique_key_fields(key) }},
      {{ strategy.updated_at }} as {{ names.dbt_updated_at }},
      {{ strategy.updated_at }} as {{ names.dbt_valid_from }},
      {{ strategy.updated_at }} as {{ names.dbt_valid_to }}
    from snapshot_query
  ),
  insertions as (
    select 'insert' as dbt_change_type, source_data.* {{ ", 'False' as " ~ names.dbt_is_deleted if records }}
    from new_states as source_data
    left join snapshotted_data on {{ unique_key_join_on(key, 'snapshotted_data', 'source_data') }}
    where {{ unique_key_is_null(key, 'snapshotted_data') }} or ({{ strategy.row_changed }}{{ revived }})
  ),
  updates as (
    select 'update' as dbt_change_type, source_data.*, snapshotted_data.{{ names.dbt_scd_id }}
      {{ ', snapshotted_data.' ~ names.dbt_is_deleted if records }}
    from closing_states as source_data
    join snapshotted_data on {{ unique_key_join_on(key, 'snapshotted_data', 'source_data') }}
    where ({{ strategy.row_changed }}{{ revived }})
  )
  {%- if closes %},
  present as (select *, {{ unique_key_fields(key) }} from snapshot_query),
  deletes as (
    select 'delete' as dbt_change_type, source_data.*,
      {{ now }} as {{ names.dbt_valid_from }}, {{ now }} as {{ names.dbt_updated_at }}, {{ now }} as {{ names.dbt_valid_to }},
      snapshotted_data.{{ names.dbt_scd_id }} {{ ', snapshotted_data.' ~ names.dbt_is_deleted if records }}
    from snapshotted_data
    left join present as source_data on {{ unique_key_join_on(key, 'snapshotted_data', 'source_data') }}
    where {{ unique_key_is_null(key, 'source_data') }} {{ 'and snapshotted_data.' ~ names.dbt_is_deleted ~ " <> 'True'" if records }}
  )
  {%- endif %}
  {%- if records %}
  {%- set snapshotted_columns = get_list_of_column_names(adapter.get_columns_in_relation(target_relation)) %},
  deletion_records as (
    select 'insert' as dbt_change_type,
      {%- for name in get_columns_in_query(source_sql) %}
      {{ 'snapshotted_data' if name in snapshotted_columns else 'source_data' }}.{{ adapter.quote(name) }},
      {%- endfor %}
      {%- if key | is_list %}
      {%- for part in key %} snapshotted_data.{{ part }} as dbt_unique_key_{{ loop.index }},{% endfor %}
      {%- else %} snapshotted_data.dbt_unique_key as dbt_unique_key,
      {%- endif %}
      {{ now }} as {{ names.dbt_valid_from }}, {{ now }} as {{ names.dbt_updated_at }},
      snapshotted_data.{{ names.dbt_valid_to }} as {{ names.dbt_valid_to }},
      {{ snapshot_hash_arguments([names.dbt_scd_id, now]) }} as {{ names.dbt_scd_id }},
      'True' as {{ names.dbt_is_deleted }}
    from snapshotted_data
    left join present as source_data on {{ unique_key_join_on(key, 'snapshotted_data', 'source_data') }}
    where {{ unique_key_is_null(key, 'source_data') }} and snapshotted_data.{{ names.dbt_is_deleted }} <> 'True'
  )
  {%- endif %}
  select * from insertions
  union all by name select * from updates
  {%- if closes %}
  union all by name select * from deletes
  {%- endif %}
  {%- if records %}
  union all by name select * from deletion_records
  {%- endif %}
{%- endmacro %}

{% macro snapshot_merge_sql(target, source, insert_cols) -%}
  {{ adapter.dispatch('snapshot_merge_sql', 'dbt')(target, source, insert_cols) }}
{%- endmacro %}

{% macro default__snapshot_merge_sql(target, source, insert_cols) -%}
  {%- set names = config.get('snapshot_table_column_names') or get_snapshot_table_column_names() -%}
  {%- set current_end = config.get('dbt_valid_to_current') -%}
  update {{ target }} as DBT_INTERNAL_TARGET
  set {{ names.dbt_valid_to }} = DBT_INTERNAL_SOURCE.{{ names.dbt_valid_to }}
  from {{ source }} as DBT_INTERNAL_SOURCE
  where DBT_INTERNAL_SOURCE.{{ names.dbt_scd_id }} = DBT_INTERNAL_TARGET.{{ names.dbt_scd_id }}
    and DBT_INTERNAL_SOURCE.dbt_change_type in ('update', 'delete')
    and (DBT_INTERNAL_TARGET.{{ names.dbt_valid_to }} is null
      {{- ' or DBT_INTERNAL_TARGET.' ~ names.dbt_valid_to ~ ' = ' ~ current_end if current_end }});
  insert into {{ target }} ({{ insert_cols | join(', ') }})
  select {{ insert_cols | join(', ') }} from {{ source }} as DBT_INTERNAL_SOURCE where dbt_change_type = 'insert';
{%- endmacro %}

{% macro post_snapshot(staging_relation) %}
  {{ adapter.dispatch('post_snapshot', 'dbt')(staging_relation) }}
{% endmacro %}

{% macro default__post_snapshot(staging_relation) %}
  {% do run_query('drop table if exists ' ~ staging_relation) %}
{% endmacro %}
