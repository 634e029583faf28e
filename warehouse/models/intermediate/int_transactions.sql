-- touched transactions are found by what these say of their customers and products
-- depends_on: {{ ref('stg_transactions') }}, {{ ref('stg_transaction_items') }}

{{
    config(
        materialized='incremental',
        pre_hook="{{ delete_touched_transactions('transaction_natural_key') }}",
    )
}}

with

sales as (
    select * from {{ ref('fact_sales') }}
    {%- if is_increment() %}
    where {{ natural_key('source', 'transaction_id') }} in ({{ touched_transactions() }})
    {%- endif %}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

-- every line of a transaction has its date, customer, country and way to pay
transactions as (
    select
        source,
        transaction_id,
        transaction_type,
        date_key,
        customer_key,
        payment_method_key,
        country,
        country_code,
        sum(quantity) as units,
        sum(line_total) as amount,
        sum(profit) as profit
    from sales
    group by source, transaction_id, transaction_type, date_key, customer_key, payment_method_key, country, country_code
)

select
    {{ natural_key('transactions.source', 'transactions.transaction_id') }} as transaction_natural_key,
    case
        when transactions.customer_key <> 0 then {{ natural_key('customers.source', 'customers.customer_id') }}
    end as customer_natural_key,
    transactions.transaction_type,
    {{ key_date('transactions.date_key') }} as date,
    transactions.payment_method_key,
    transactions.country,
    transactions.country_code,
    cast(transactions.units as bigint) as units,
    {{ money('transactions.amount') }} as amount,
    {{ money('transactions.profit') }} as profit
from transactions
left join customers on transactions.customer_key = customers.customer_key
