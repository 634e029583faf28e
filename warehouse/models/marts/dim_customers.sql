with

customers as (
    select * from {{ ref('stg_customers') }}
),

known_customers as (
    select
        {{ surrogate_key('source', 'customer_id') }} as customer_key,
        source,
        customer_id,
        email_token,
        email_domain,
        registration_date,
        city,
        state,
        country,
        age_group
    from customers
),

guest as (
    select
        cast(0 as bigint) as customer_key,
        'all' as source,
        'GUEST' as customer_id,
        cast(null as varchar) as email_token,
        cast(null as varchar) as email_domain,
        cast(null as date) as registration_date,
        cast(null as varchar) as city,
        cast(null as varchar) as state,
        cast(null as varchar) as country,
        cast(null as varchar) as age_group
),

guest_and_customers as (
    select * from guest
    union all
    select * from known_customers
)

select
    customer_key,
    source,
    customer_id,
    email_token,
    email_domain,
    registration_date,
    city,
    state,
    country,
    age_group,
    timestamptz '1900-01-01 00:00:00+00' as valid_from,
    timestamptz '9999-12-31 00:00:00+00' as valid_to,
    true as is_current,
    1 as version
from guest_and_customers
