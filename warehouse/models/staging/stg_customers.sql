with

customers as (
    select * from {{ source('production', 'customers') }}
)

select
    {{ natural_key('source', 'customer_id') }} as customer_natural_key,
    source,
    customer_id,
    email_token,
    email_domain,
    registration_date,
    city,
    state,
    country,
    country_code,
    age_group,
    observed_at
from customers
