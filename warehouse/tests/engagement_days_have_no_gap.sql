-- fct_daily_engagement has every day from its first to its last, and fct_funnel the same days; a row for each that has not.
with

engagement as (
    select
        count(*) as days,
        max(date) - min(date) + 1 as calendar_days
    from {{ ref('fct_daily_engagement') }}
),

funnel as (
    select count(*) as days
    from {{ ref('fct_funnel') }}
)

select
    engagement.days,
    engagement.calendar_days,
    funnel.days as funnel_days
from engagement
cross join funnel
where engagement.days <> engagement.calendar_days or engagement.days <> funnel.days
