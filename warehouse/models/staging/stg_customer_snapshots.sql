with

customer_snapshots as (
    select * from {{ source('production', 'customer_snapshots') }}
)

select
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
    observed_at,
    updated_at,
    content_hash
from customer_snapshots
