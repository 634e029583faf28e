{#- The pre-hook deletes the sessions to be built again: of this span, they are those that are not there then. -#}
{%- set span = span_of_product_sessions() -%}
{%- set kept = kept_sessions() -%}

{{
    config(
        materialized='incremental',
        pre_hook='{{ delete_touched_product_sessions() }}',
    )
}}

with

events as (
    select * from {{ ref('stg_events') }}
    {%- if span is not none %}
    where {{ is_event_of_span(span) }}
    {%- endif %}
),

session_days as (
    select * from {{ ref('int_session_days') }}
    {%- if span is not none %}
    where {{ is_day_of_span('date', span) }}
    {%- endif %}
),

product_sessions as (
    select
        product_natural_key,
        source,
        user_id,
        session_id,
        count(*) as events,
        {{ count_events('product_view') }} as views,
        {{ count_events('add_to_cart') }} as carts,
        {{ count_events('remove_from_cart') }} as removals,
        {{ count_events('begin_checkout') }} as named_checkouts,
        {{ count_events('purchase') }} as purchase_events,
        min(case when event_type = 'add_to_cart' then event_timestamp end) as first_add_to_cart_at
    from events
    where product_natural_key is not null
    group by product_natural_key, source, user_id, session_id
),

sessions as (
    select
        source,
        user_id,
        session_id,
        min(date) as first_date,
        max(date) as last_date,
        max(last_begin_checkout_at) as last_begin_checkout_at
    from session_days
    group by source, user_id, session_id
)

select
    product_sessions.product_natural_key,
    product_sessions.source,
    product_sessions.user_id,
    product_sessions.session_id,
    sessions.first_date,
    sessions.last_date,
    product_sessions.events,
    product_sessions.views,
    product_sessions.carts,
    product_sessions.removals,
    product_sessions.purchase_events,
    coalesce(
        product_sessions.named_checkouts > 0
        or sessions.last_begin_checkout_at >= product_sessions.first_add_to_cart_at,
        false
    ) as is_checked_out
from product_sessions
inner join sessions
    on product_sessions.source = sessions.source
    and product_sessions.user_id = sessions.user_id
    and product_sessions.session_id = sessions.session_id
{%- if kept is not none %}
where not exists (
    select 1
    from ({{ kept }}) as kept
    where
        kept.source = product_sessions.source
        and kept.user_id = product_sessions.user_id
        and kept.session_id = product_sessions.session_id
)
{%- endif %}
