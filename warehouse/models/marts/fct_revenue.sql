with

purchases as (
    select * from {{ ref('int_purchases') }}
),

totals as (
    select
        date,
        category,
        count(distinct order_natural_key) as transaction_count,
        count(distinct {{ natural_key('source', 'user_id') }}) as purchasing_users,
        sum(revenue_amount) as gross_revenue,
        {{ sum_where('revenue_amount', "device_type = 'mobile'") }} as mobile_revenue,
        {{ sum_where('revenue_amount', "device_type = 'desktop'") }} as desktop_revenue,
        {{ sum_where('revenue_amount', "device_type = 'tablet'") }} as tablet_revenue,
        {{ sum_where('revenue_amount', "traffic_source = 'organic'") }} as organic_revenue,
        {{ sum_where('revenue_amount', "traffic_source = 'paid_search'") }} as paid_revenue,
        {{ sum_where('revenue_amount', "traffic_source not in ('organic', 'paid_search')") }} as other_revenue
    from purchases
    group by date, category
),

-- days without a purchase have no row: the window goes by days, not by rows
windowed as (
    select
        totals.*,
        sum(totals.gross_revenue) over (partition by totals.date) as daily_revenue,
        sum(totals.gross_revenue) over (
            partition by totals.category
            order by totals.date
            range between interval '6' day preceding and current row
        ) as revenue_7d,
        week_before.gross_revenue as revenue_week_before
    from totals
    left join totals as week_before
        on totals.category = week_before.category
        and {{ add_days('totals.date', -7) }} = week_before.date
)

select
    {{ surrogate_key('cast(date as varchar)', 'category') }} as revenue_key,
    date,
    category,
    transaction_count,
    purchasing_users,
    {{ money('gross_revenue') }} as gross_revenue,
    {{ money_average('gross_revenue', 'transaction_count') }} as avg_transaction_value,
    {{ money('mobile_revenue') }} as mobile_revenue,
    {{ money('desktop_revenue') }} as desktop_revenue,
    {{ money('tablet_revenue') }} as tablet_revenue,
    {{ money('organic_revenue') }} as organic_revenue,
    {{ money('paid_revenue') }} as paid_revenue,
    {{ money('other_revenue') }} as other_revenue,
    {{ safe_divide('gross_revenue', 'daily_revenue') }} as category_revenue_share,
    {{ money('revenue_7d') }} as revenue_7d_rolling,
    {{ safe_divide('gross_revenue - revenue_week_before', 'revenue_week_before') }} as revenue_wow_growth
from windowed
