with

session_days as (
    select * from {{ ref('int_session_days') }}
),

purchase_events as (
    select * from {{ ref('int_purchases') }}
),

sessions as (
    select * from {{ ref('int_sessions') }}
),

daily_events as (
    select
        date,
        count(distinct {{ natural_key('source', 'user_id') }}) as daily_active_users,
        cast(sum(total_events) as bigint) as total_events,
        cast(sum(page_views) as bigint) as page_views,
        cast(sum(product_views) as bigint) as product_views,
        cast(sum(add_to_cart_events) as bigint) as add_to_carts,
        sum(revenue) as total_revenue
    from session_days
    group by date
),

daily_orders as (
    select
        date,
        count(distinct order_natural_key) as purchases
    from purchase_events
    group by date
),

daily_sessions as (
    select
        session_date as date,
        count(*) as total_sessions,
        {{ count_where('is_converted') }} as converted_sessions
    from sessions
    group by session_date
),

-- the first event of a user opens a session
first_days as (
    select
        user_natural_key,
        min(session_date) as date
    from sessions
    group by user_natural_key
),

daily_new_users as (
    select
        date,
        count(*) as new_users
    from first_days
    group by date
),

bounds as (
    select
        min(date) as first_date,
        max(date) as last_date
    from daily_events
),

days as (
    {{ each_day('bounds', 'first_date', 'last_date') }}
),

daily as (
    select
        days.date,
        coalesce(daily_events.daily_active_users, 0) as daily_active_users,
        coalesce(daily_new_users.new_users, 0) as new_users,
        coalesce(daily_sessions.total_sessions, 0) as total_sessions,
        coalesce(daily_sessions.converted_sessions, 0) as converted_sessions,
        coalesce(daily_events.total_events, 0) as total_events,
        coalesce(daily_events.page_views, 0) as page_views,
        coalesce(daily_events.product_views, 0) as product_views,
        coalesce(daily_events.add_to_carts, 0) as add_to_carts,
        coalesce(daily_orders.purchases, 0) as purchases,
        coalesce(daily_events.total_revenue, 0) as total_revenue
    from days
    left join daily_events on days.date = daily_events.date
    left join daily_orders on days.date = daily_orders.date
    left join daily_sessions on days.date = daily_sessions.date
    left join daily_new_users on days.date = daily_new_users.date
),

-- days have no gaps, so a row back is a day back
windowed as (
    select
        *,
        count(*) over last_week as days_7d,
        sum(daily_active_users) over last_week as active_users_7d,
        sum(total_revenue) over last_week as revenue_7d,
        lag(daily_active_users) over (order by date) as active_users_day_before,
        lag(daily_active_users, 7) over (order by date) as active_users_week_before,
        lag(total_revenue, 7) over (order by date) as revenue_week_before
    from daily
    window last_week as (order by date rows between 6 preceding and current row)
)

select
    date,
    daily_active_users,
    new_users,
    total_sessions,
    total_events,
    page_views,
    product_views,
    add_to_carts,
    purchases,
    {{ money('total_revenue') }} as total_revenue,
    {{ safe_divide('converted_sessions', 'total_sessions') }} as conversion_rate,
    {{ money_average('total_revenue', 'purchases') }} as avg_order_value,
    {{ money_average('total_revenue', 'daily_active_users') }} as revenue_per_user,
    {{ safe_divide('active_users_7d', 'days_7d') }} as dau_7d_avg,
    {{ money_average('revenue_7d', 'days_7d') }} as revenue_7d_avg,
    {{ safe_divide('daily_active_users - active_users_day_before', 'active_users_day_before') }} as dau_dod_change,
    {{ safe_divide('daily_active_users - active_users_week_before', 'active_users_week_before') }} as dau_wow_change,
    {{ safe_divide('total_revenue - revenue_week_before', 'revenue_week_before') }} as revenue_wow_change
from windowed
