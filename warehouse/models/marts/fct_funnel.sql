with

journeys as (
    select * from {{ ref('int_user_journey') }}
),

sessions as (
    select * from {{ ref('int_sessions') }}
),

days as (
    select date from {{ ref('fct_daily_engagement') }}
),

user_days as (
    select
        date,
        user_natural_key,
        max(funnel_depth) as depth
    from journeys
    group by date, user_natural_key
),

daily_users as (
    select
        date,
        count(*) as users_at_site,
        {{ count_where('depth >= 2') }} as users_at_product,
        {{ count_where('depth >= 3') }} as users_at_cart,
        {{ count_where('depth >= 4') }} as users_at_checkout,
        {{ count_where('depth >= 5') }} as users_at_purchase
    from user_days
    group by date
),

judged_sessions as (
    select
        session_date as date,
        total_events = 1 and page_views = 1 as is_bounced,
        add_to_cart_events > 0 or begin_checkouts > 0 or is_converted as has_cart,
        is_converted
    from sessions
),

daily_sessions as (
    select
        date,
        count(*) as total_sessions,
        {{ count_where('is_bounced') }} as bounced_sessions,
        {{ count_where('has_cart') }} as cart_sessions,
        {{ count_where('has_cart and not is_converted') }} as abandoned_sessions
    from judged_sessions
    group by date
),

daily as (
    select
        days.date,
        coalesce(daily_users.users_at_site, 0) as users_at_site,
        coalesce(daily_users.users_at_product, 0) as users_at_product,
        coalesce(daily_users.users_at_cart, 0) as users_at_cart,
        coalesce(daily_users.users_at_checkout, 0) as users_at_checkout,
        coalesce(daily_users.users_at_purchase, 0) as users_at_purchase,
        daily_sessions.total_sessions,
        daily_sessions.bounced_sessions,
        daily_sessions.cart_sessions,
        daily_sessions.abandoned_sessions
    from days
    left join daily_users on days.date = daily_users.date
    left join daily_sessions on days.date = daily_sessions.date
)

select
    date,
    users_at_site,
    users_at_product,
    users_at_cart,
    users_at_checkout,
    users_at_purchase,
    {{ safe_divide('users_at_product', 'users_at_site') }} as site_to_product_rate,
    {{ safe_divide('users_at_cart', 'users_at_product') }} as product_to_cart_rate,
    {{ safe_divide('users_at_checkout', 'users_at_cart') }} as cart_to_checkout_rate,
    {{ safe_divide('users_at_purchase', 'users_at_checkout') }} as checkout_to_purchase_rate,
    {{ safe_divide('users_at_purchase', 'users_at_site') }} as overall_conversion_rate,
    {{ safe_divide('bounced_sessions', 'total_sessions') }} as bounce_rate,
    {{ safe_divide('abandoned_sessions', 'cart_sessions') }} as cart_abandonment_rate
from daily
