-- Sessions and days hold every event once, and its revenue to the cent; a row for each sum that does not, and for each user
-- that only one of them has.
{%- set days = event_days_to_test() %}
with

events as (
    select
        count(*) as events,
        coalesce(sum(revenue_amount), 0) as revenue
    from {{ ref('stg_events') }}
),

-- users of other days were compared in the build before
event_users as (
    select distinct user_natural_key
    from {{ ref('stg_events') }}
    {%- if days is not none %}
    where {{ is_touched_event(days) }}
    {%- endif %}
),

session_day_users as (
    select distinct {{ natural_key('source', 'user_id') }} as user_natural_key
    from {{ ref('int_session_days') }}
    {%- if days is not none %}
    where {{ is_touched_day('date', days) }}
    {%- endif %}
),

session_days as (
    select count(distinct {{ natural_key('source', 'user_id') }}) as users
    from {{ ref('int_session_days') }}
),

sessions as (
    select
        coalesce(sum(total_events), 0) as events,
        coalesce(sum(session_revenue), 0) as revenue,
        count(distinct user_natural_key) as users,
        count(*) as sessions
    from {{ ref('int_sessions') }}
),

days as (
    select
        coalesce(sum(total_events), 0) as events,
        coalesce(sum(total_revenue), 0) as revenue,
        coalesce(sum(new_users), 0) as users,
        coalesce(sum(total_sessions), 0) as sessions,
        coalesce(sum(daily_active_users), 0) as user_days
    from {{ ref('fct_daily_engagement') }}
),

funnel as (
    select coalesce(sum(users_at_site), 0) as user_days
    from {{ ref('fct_funnel') }}
)

select 'int_sessions' as relation
from events
cross join sessions
where events.events <> sessions.events or events.revenue <> sessions.revenue
union all
select 'int_session_days'
from session_days
cross join sessions
where session_days.users <> sessions.users
union all
select 'int_session_days'
from event_users
full outer join session_day_users on event_users.user_natural_key = session_day_users.user_natural_key
where event_users.user_natural_key is null or session_day_users.user_natural_key is null
union all
select 'fct_daily_engagement'
from sessions
cross join days
where
    sessions.events <> days.events
    or sessions.revenue <> days.revenue
    or sessions.users <> days.users
    or sessions.sessions <> days.sessions
union all
select 'fct_funnel'
from days
cross join funnel
where days.user_days <> funnel.user_days
