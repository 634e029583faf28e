{{
    config(
        materialized='incremental',
        pre_hook="{{ delete_touched_transactions(natural_key('source', 'transaction_id')) }}",
    )
}}

with

items as (
    select * from {{ ref('stg_transaction_items') }}
    {%- if is_increment() %}
    where transaction_natural_key in ({{ touched_transactions() }})
    {%- endif %}
),

transactions as (
    select * from {{ ref('stg_transactions') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

payment_methods as (
    select * from {{ ref('dim_payment_method') }}
),

completed_transactions as (
    select
        *,
        {{ date_key(shop_date('transaction_at')) }} as date_key
    from transactions
    where status = 'completed'
),

-- left joins: a parent that is missing leaves a NULL key, which the tests report, and not a sale too few
sales as (
    select
        {{ surrogate_key('items.source', 'items.item_id') }} as sales_key,
        items.transaction_id,
        items.item_id,
        completed_transactions.date_key,
        case
            when completed_transactions.customer_id is null then 0
            else customers.customer_key
        end as customer_key,
        products.product_key,
        payment_methods.payment_method_key,
        items.source,
        coalesce(completed_transactions.country, customers.country) as country,
        -- the code of that same country, and not of the other one
        case
            when completed_transactions.country is not null then completed_transactions.country_code
            else customers.country_code
        end as country_code,
        completed_transactions.transaction_type,
        items.quantity,
        items.unit_price,
        items.discount_percentage,
        {{ money(line_value('items.quantity', 'items.unit_price') ~ ' - items.line_total') }} as discount_amount,
        items.line_total,
        {{ money(line_value('items.quantity', 'products.cost')) }} as cost_amount,
        completed_transactions.transaction_at
    from items
    inner join completed_transactions
        on items.source = completed_transactions.source
        and items.transaction_id = completed_transactions.transaction_id
    left join customers
        on completed_transactions.source = customers.source
        and completed_transactions.customer_id = customers.customer_id
        and completed_transactions.transaction_at >= customers.valid_from
        and completed_transactions.transaction_at < customers.valid_to
    left join products
        on items.source = products.source
        and items.product_id = products.product_id
        and completed_transactions.transaction_at >= products.valid_from
        and completed_transactions.transaction_at < products.valid_to
    left join payment_methods
        on completed_transactions.payment_method = payment_methods.payment_method
)

select
    sales_key,
    transaction_id,
    item_id,
    date_key,
    customer_key,
    product_key,
    payment_method_key,
    source,
    country,
    country_code,
    transaction_type,
    quantity,
    unit_price,
    discount_percentage,
    discount_amount,
    line_total,
    cost_amount,
    line_total - cost_amount as profit,
    transaction_at
from sales
