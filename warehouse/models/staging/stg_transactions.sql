with

transactions as (
    select * from {{ source('production', 'transactions') }}
)

select
    {{ natural_key('source', 'transaction_id') }} as transaction_natural_key,
    {{ natural_key('source', 'customer_id') }} as customer_natural_key,
    source,
    transaction_id,
    customer_id,
    transaction_at,
    payment_method,
    total_amount,
    transaction_type,
    status,
    country,
    country_code,
    observed_at
from transactions
