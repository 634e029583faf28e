{%- set days = changed_event_days() -%}

{{
    config(
        materialized='incremental',
        pre_hook='{{ delete_touched_days() }}',
    )
}}

with

events as (
    select * from {{ ref('stg_events') }}
)

select
    event_id,
    {{ natural_key('source', "coalesce('order|' || order_id, 'event|' || event_id)") }} as order_natural_key,
    product_natural_key,
    source,
    user_id,
    session_id,
    coalesce(product_category, 'Unknown') as category,
    event_timestamp as purchased_at,
    event_date as date,
    device_type,
    traffic_source,
    coalesce(quantity, 1) as quantity,
    revenue_amount
from events
where
    event_type = 'purchase'
    {%- if days is not none %}
    and {{ is_touched_event(days) }}
    {%- endif %}
