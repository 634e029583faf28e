with

events as (
    select * from {{ ref('stg_events') }}
),

sessions as (
    select
        source,
        user_id,
        session_id,
        min(event_timestamp) as session_start,
        max(event_timestamp) as session_end,
        {{ of_first_event('device_type') }} as device_type,
        {{ of_first_event('country_code') }} as country_code,
        {{ of_first_event('traffic_source') }} as traffic_source,
        count(*) as total_events,
        {{ count_events('page_view') }} as page_views,
        {{ count_events('product_view') }} as product_views,
        {{ count_events('search') }} as searches,
        {{ count_events('add_to_cart') }} as add_to_cart_events,
        {{ count_events('remove_from_cart') }} as remove_from_cart_events,
        {{ count_events('begin_checkout') }} as begin_checkouts,
        {{ count_events('purchase') }} as purchase_events,
        {{ count_events('signup') }} as signups,
        {{ count_events('login') }} as logins,
        {{ count_orders() }} as purchases,
        coalesce(sum(revenue_amount), 0) as session_revenue
    from events
    group by source, user_id, session_id
),

measured as (
    select
        *,
        {{ whole_seconds('session_start', 'session_end') }} as session_duration_seconds,
        cast(
            least(
                100,
                page_views
                + 2 * product_views
                + 2 * searches
                + 5 * add_to_cart_events
                + 8 * begin_checkouts
                + 20 * purchases
            ) as integer
        ) as engagement_score
    from sessions
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
