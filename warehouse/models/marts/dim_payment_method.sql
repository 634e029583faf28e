with

payment_methods as (
    select * from {{ ref('payment_methods') }}
)

select
    payment_method_key,
    payment_method,
    payment_type
from payment_methods
