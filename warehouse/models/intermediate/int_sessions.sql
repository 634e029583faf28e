{#- The pre-hook deletes the sessions to be built again: of this span, they are those that are not there then. -#}
{%- set span = span_of_sessions() -%}
{%- set kept = kept_sessions() -%}

{{
    config(
        materialized='incremental',
        pre_hook='{{ delete_touched_sessions() }}',
    )
}}

with

session_days as (
    {{ session_days_to_build(kept, span) }}
),

purchase_events as (
    select * from {{ ref('int_purchases') }}
    {%- if span is not none %}
    where {{ is_day_of_span('date', span) }}
    {%- endif %}
),

orders as (
    select
        source,
        user_id,
        session_id,
        count(distinct order_natural_key) as purchases
    from purchase_events
    group by source, user_id, session_id
),

-- no two days of a session begin at one instant
sessions as (
    select
        source,
        user_id,
        session_id,
        min(first_event_at) as session_start,
        max(last_event_at) as session_end,
        {{ first_value_by('device_type', ['first_event_at']) }} as device_type,
        {{ first_value_by('country_code', ['first_event_at']) }} as country_code,
        {{ first_value_by('traffic_source', ['first_event_at']) }} as traffic_source,
        cast(sum(total_events) as bigint) as total_events,
        cast(sum(page_views) as bigint) as page_views,
        cast(sum(product_views) as bigint) as product_views,
        cast(sum(searches) as bigint) as searches,
        cast(sum(add_to_cart_events) as bigint) as add_to_cart_events,
        cast(sum(remove_from_cart_events) as bigint) as remove_from_cart_events,
        cast(sum(begin_checkouts) as bigint) as begin_checkouts,
        cast(sum(purchase_events) as bigint) as purchase_events,
        cast(sum(signups) as bigint) as signups,
        cast(sum(logins) as bigint) as logins,
        sum(revenue) as session_revenue
    from session_days
    group by source, user_id, session_id
),

measured as (
    select
        sessions.*,
        coalesce(orders.purchases, 0) as purchases,
        {{ whole_seconds('sessions.session_start', 'sessions.session_end') }} as session_duration_seconds,
        cast(
            least(
                100,
                sessions.page_views
                + 2 * sessions.product_views
                + 2 * sessions.searches
                + 5 * sessions.add_to_cart_events
                + 8 * sessions.begin_checkouts
                + 20 * coalesce(orders.purchases, 0)
            ) as integer
        ) as engagement_score
    from sessions
    left join orders
        on sessions.source = orders.source
        and sessions.user_id = orders.user_id
        and sessions.session_id = orders.session_id
)

select
    {{ session_key('source', 'user_id', 'session_id') }} as session_natural_key,
    {{ natural_key('source', 'user_id') }} as user_natural_key,
    source,
    user_id,
    session_id,
    session_start,
    session_end,
    session_duration_seconds,
    {{ shop_date('session_start') }} as session_date,
    device_type,
    country_code,
    traffic_source,
    total_events,
    page_views,
    product_views,
    searches,
    add_to_cart_events,
    remove_from_cart_events,
    begin_checkouts,
    purchase_events,
    signups,
    logins,
    purchases,
    {{ money('session_revenue') }} as session_revenue,
    case
        when session_duration_seconds < 30 then 'Bounce'
        when session_duration_seconds < 120 then 'Quick'
        when session_duration_seconds < 600 then 'Engaged'
        when session_duration_seconds <= 1800 then 'Deep'
        else 'Extended'
    end as duration_category,
    purchases > 0 as is_converted,
    engagement_score,
    case
        when purchases > 0 then 'Converted'
        when engagement_score >= 20 then 'High'
        when engagement_score >= 8 then 'Medium'
        else 'Low'
    end as session_quality
from measured
