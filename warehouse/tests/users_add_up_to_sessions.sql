-- Users have every session, event, order and revenue once, and so have journeys their days; a row for each sum that differs.
with

sessions as (
    select
        count(*) as sessions,
        coalesce(sum(total_events), 0) as events,
        coalesce(sum(session_revenue), 0) as revenue
    from {{ ref('int_sessions') }}
),

users as (
    select
        coalesce(sum(lifetime_sessions), 0) as sessions,
        coalesce(sum(lifetime_events), 0) as events,
        coalesce(sum(lifetime_revenue), 0) as revenue
    from {{ ref('dim_users') }}
),

session_days as (
    select
        count(*) as days,
        coalesce(sum(total_events), 0) as events,
        coalesce(sum(revenue), 0) as revenue
    from {{ ref('int_session_days') }}
),

journeys as (
    select
        count(*) as days,
        count(distinct session_natural_key) as sessions,
        coalesce(sum(total_revenue), 0) as revenue
    from {{ ref('int_user_journey') }}
)

select 'dim_users' as relation
from sessions
cross join users
where sessions.sessions <> users.sessions or sessions.events <> users.events or sessions.revenue <> users.revenue
union all
select 'int_session_days'
from sessions
cross join session_days
where sessions.events <> session_days.events or sessions.revenue <> session_days.revenue
union all
select 'int_user_journey'
from sessions
cross join session_days
cross join journeys
where
    session_days.days <> journeys.days
    or sessions.sessions <> journeys.sessions
    or sessions.revenue <> journeys.revenue
