-- fct_revenue has the revenue of each day of fct_daily_engagement, to the cent; a row for each day of which this does not hold.
with

revenue as (
    select
        date,
        sum(gross_revenue) as gross_revenue,
        sum(mobile_revenue + desktop_revenue + tablet_revenue) as device_revenue,
        sum(organic_revenue + paid_revenue + other_revenue) as traffic_revenue
    from {{ ref('fct_revenue') }}
    group by date
),

engagement as (
    select date, total_revenue
    from {{ ref('fct_daily_engagement') }}
)

select coalesce(revenue.date, engagement.date) as date
from revenue
full outer join engagement on revenue.date = engagement.date
where
    engagement.date is null
    or coalesce(revenue.gross_revenue, 0) <> engagement.total_revenue
    or revenue.traffic_revenue <> revenue.gross_revenue
    -- a shop may have added devices to the contract
    or revenue.device_revenue > revenue.gross_revenue
