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
    {%- if days is not none %}
    where {{ is_touched_event(days) }}
    {%- endif %}
),

session_days as (
    select
        source,
        user_id,
        session_id,
        event_date,
        min(event_timestamp) as first_event_at,
        max(event_timestamp) as last_event_at,
        min(case when event_type = 'product_view' then event_timestamp end) as first_product_view_at,
        min(case when event_type = 'add_to_cart' then event_timestamp end) as first_add_to_cart_at,
        min(case when event_type = 'begin_checkout' then event_timestamp end) as first_begin_checkout_at,
        max(case when event_type = 'begin_checkout' then event_timestamp end) as last_begin_checkout_at,
        min(case when event_type = 'purchase' then event_timestamp end) as first_purchase_at,
        {{ of_first_event('device_type') }} as device_type,
        {{ of_first_event('country_code') }} as country_code,
        {{ of_first_event('traffic_source') }} as traffic_source,
        count(*) as total_events,
        {{ count_where('product_natural_key is not null') }} as product_events,
        {{ count_events('page_view') }} as page_views,
        {{ count_events('product_view') }} as product_views,
        {{ count_events('search') }} as searches,
        {{ count_events('add_to_cart') }} as add_to_cart_events,
        {{ count_events('remove_from_cart') }} as remove_from_cart_events,
        {{ count_events('begin_checkout') }} as begin_checkouts,
        {{ count_events('purchase') }} as purchase_events,
        {{ count_events('signup') }} as signups,
        {{ count_events('login') }} as logins,
        max({{ event_depth() }}) as depth,
        coalesce(sum(revenue_amount), 0) as revenue
    from events
    group by source, user_id, session_id, event_date
)

select
    source,
    user_id,
    session_id,
    event_date as date,
    first_event_at,
    last_event_at,
    first_product_view_at,
    first_add_to_cart_at,
    first_begin_checkout_at,
    last_begin_checkout_at,
    first_purchase_at,
    device_type,
    country_code,
    traffic_source,
    total_events,
    product_events,
    page_views,
    product_views,
    searches,
    add_to_cart_events,
    remove_from_cart_events,
    begin_checkouts,
    purchase_events,
    signups,
    logins,
    depth,
    {{ money('revenue') }} as revenue
from session_days
