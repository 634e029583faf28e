{% set begin = (modules.datetime.datetime.now(modules.pytz.utc) - modules.datetime.timedelta(days=4)).strftime('%Y-%m-%d') %}
{{ config(incremental_strategy='microbatch', event_time='happened_at', batch_size='day', begin=begin, lookback=1) }}
select event_id, user_name, value, happened_at from {{ ref('stg_events') }}
