{% set begin = (modules.datetime.datetime.now(modules.pytz.utc) - modules.datetime.timedelta(days=1)).strftime('%Y-%m-%d') %}
{{ config(incremental_strategy='microbatch', event_time='happened_at', batch_size='day', begin=begin, unique_key='event_id') }}
select * from {{ ref('stg_events') }}
