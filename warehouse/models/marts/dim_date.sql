with

sales as (
    select * from {{ ref('fact_sales') }}
),

engagement as (
    select * from {{ ref('fct_daily_engagement') }}
),

reconciliation as (
    select * from {{ ref('fct_reconciliation') }}
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
    union all
    select
        min(date) as first_date,
        max(date) as last_date
    from reconciliation
),

bounds as (
    select
        min(first_date) as first_date,
        {{ last_of_year('max(last_date)') }} as last_date
    from facts
),

days as (
    {{ each_day('bounds', 'first_date', 'last_date') }}
)

select
    {{ date_key('days.date') }} as date_key,
    days.date,
    cast(extract(year from days.date) as integer) as year,
    cast(floor((extract(month from days.date) + 2) / 3) as integer) as quarter,
    cast(extract(month from days.date) as integer) as month,
    {{ month_name('days.date') }} as month_name,
    {{ iso_week('days.date') }} as week_of_year,
    cast(extract(day from days.date) as integer) as day_of_month,
    {{ day_of_week('days.date') }} as day_of_week,
    {{ day_name('days.date') }} as day_name,
    {{ day_of_week('days.date') }} in (0, 6) as is_weekend,
    extract(day from days.date) = 1 as is_month_start,
    extract(day from {{ add_days('days.date', 1) }}) = 1 as is_month_end,
    holidays.date is not null as is_holiday
from days
left join holidays on days.date = holidays.date
