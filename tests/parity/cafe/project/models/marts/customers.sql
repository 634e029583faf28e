with summary as (
    select
        customer_id,
        count(*) as count_lifetime_orders,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at,
        sum(order_total) as lifetime_spend
    from {{ ref('orders') }}
    group by 1
)
select
    customers.*,
    summary.* exclude (customer_id),
    {{ customer_type('count_lifetime_orders') }} as customer_type
from {{ ref('stg_customers') }} as customers
left join summary on summary.customer_id = customers.customer_id
