with

sales as (
    select * from {{ ref('fact_sales') }}
),

engagement as (
    select * from {{ ref('fct_daily_engagement') }}
),

holidays as (
    select * from {{ ref('holidays') }}
),

facts as (
    select
        {{ key_date('min(date_key)') }} as first_date,
        {{ key_date('max(date_key)') }} as last_date
    from sales
    union all
    select
        min(date) as first_date,
        max(date) as last_date
    from engagement
),

bounds as (
    select
        min(first_date) as first_date,
        make_date(year(max(last_date)), 12, 31) as last_date
    from facts
),

days as (
    select {{ each_day('first_date', 'last_date') }} as date
    from bounds
)

select
    {{ date_key('days.date') }} as date_key,
    days.date,
    cast(year(days.date) as integer) as year,
    cast(quarter(days.date) as integer) as quarter,
    cast(month(days.date) as integer) as month,
    monthname(days.date) as month_name,
    cast(weekofyear(days.date) as integer) as week_of_year,
    cast(day(days.date) as integer) as day_of_month,
    {{ day_of_week('days.date') }} as day_of_week,
    dayname(days.date) as day_name,
    dayofweek(days.date) in (0, 6) as is_weekend,
    day(days.date) = 1 as is_month_start,
    days.date = last_day(days.date) as is_month_end,
    holidays.date is not null as is_holiday
from days
left join holidays on days.date = holidays.date
