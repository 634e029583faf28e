with

sessions as (
    select * from {{ ref('int_sessions') }}
),

purchase_events as (
    select * from {{ ref('int_purchases') }}
),

profiles as (
    select * from {{ ref('stg_users') }}
),

-- a model knows no today: the last day that the events tell of
as_of as (
    select {{ shop_date('max(session_end)') }} as date
    from sessions
),

lifetimes as (
    select
        source,
        user_id,
        count(*) as lifetime_sessions,
        cast(sum(total_events) as bigint) as lifetime_events,
        min(session_start) as first_seen_at,
        max(session_end) as last_seen_at
    from sessions
    group by source, user_id
),

purchases as (
    select
        source,
        user_id,
        count(distinct order_natural_key) as lifetime_purchases,
        sum(revenue_amount) as lifetime_revenue,
        min(purchased_at) as first_purchase_at,
        max(purchased_at) as last_purchase_at
    from purchase_events
    group by source, user_id
),

-- only buyers are ranked; equals rank and score equal
buyers as (
    select
        *,
        {{ quintile(shop_date('last_purchase_at')) }} as recency_score,
        {{ quintile('lifetime_purchases') }} as frequency_score,
        {{ quintile('lifetime_revenue') }} as monetary_score
    from purchases
),

measured as (
    select
        lifetimes.*,
        coalesce(buyers.lifetime_purchases, 0) as lifetime_purchases,
        {{ money('coalesce(buyers.lifetime_revenue, 0)') }} as lifetime_revenue,
        buyers.first_purchase_at,
        buyers.last_purchase_at,
        cast({{ days_between(shop_date('lifetimes.last_seen_at'), 'as_of.date') }} as integer) as recency_days,
        coalesce(buyers.recency_score, 0) as recency_score,
        coalesce(buyers.frequency_score, 0) as frequency_score,
        coalesce(buyers.monetary_score, 0) as monetary_score
    from lifetimes
    cross join as_of
    left join buyers on lifetimes.source = buyers.source and lifetimes.user_id = buyers.user_id
)

select
    {{ natural_key('measured.source', 'measured.user_id') }} as user_natural_key,
    measured.source,
    measured.user_id,
    profiles.user_segment,
    profiles.preferred_device,
    profiles.acquisition_source,
    profiles.country_code,
    profiles.city,
    profiles.account_created_at,
    profiles.account_age_days,
    profiles.tenure_tier,
    profiles.is_email_subscribed,
    measured.lifetime_sessions,
    measured.lifetime_events,
    measured.lifetime_purchases,
    measured.lifetime_revenue,
    measured.first_seen_at,
    measured.last_seen_at,
    measured.first_purchase_at,
    measured.last_purchase_at,
    measured.recency_days,
    measured.recency_score,
    measured.frequency_score,
    measured.monetary_score,
    measured.recency_score + measured.frequency_score + measured.monetary_score as rfm_total_score,
    {{ rfm_segment(
        'measured.recency_score', 'measured.frequency_score', 'measured.monetary_score', 'measured.lifetime_purchases'
    ) }} as rfm_segment,
    case
        when measured.lifetime_purchases = 0 then 'No Purchase'
        when measured.lifetime_revenue >= 1000 then 'VIP'
        when measured.lifetime_revenue >= 500 then 'High Value'
        when measured.lifetime_revenue >= 100 then 'Medium Value'
        else 'Low Value'
    end as customer_value_tier,
    case
        when measured.recency_days <= 7 then 'Active'
        when measured.recency_days <= 30 then 'Cooling'
        when measured.recency_days <= 90 then 'Dormant'
        else 'Churned'
    end as activity_status,
    case
        when measured.lifetime_purchases > 1 then 'Repeat'
        when measured.lifetime_purchases = 1 then 'One-time'
        else 'Never'
    end as buyer_status
from measured
left join profiles on measured.source = profiles.source and measured.user_id = profiles.user_id
