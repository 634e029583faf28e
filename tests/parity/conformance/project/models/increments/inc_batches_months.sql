{% set begin = (modules.datetime.datetime.now(modules.pytz.utc) - modules.datetime.timedelta(days=70)).strftime('%Y-%m-01') %}
{{ config(incremental_strategy='microbatch', event_time='happened_at', batch_size='month', begin=begin, lookback=2, tags=['hourly']) }}
select e.*, o.status from {{ source('raw', 'events') }} e
left join {{ ref('stg_orders').render() }} o on o.order_id = e.event_id + 99
