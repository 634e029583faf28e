{%- set shown = [
    'email_token', 'email_domain', 'registration_date', 'city', 'state', 'country', 'country_code', 'age_group'
] -%}

with

snapshots as (
    select * from {{ ref('stg_customer_snapshots') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by source, customer_id, observed_at
            order by updated_at desc nulls last, content_hash desc
        ) as place
    from snapshots
),

-- of several contents of one instant the last counts, as in production
observations as (
    select * from ranked
    where place = 1
),

compared as (
    select
        *,
        {{ opens_version(shown) }} as is_opening
    from observations
    window by_observation as (partition by source, customer_id order by observed_at)
),

versions as (
    select
        *,
        row_number() over by_observation as version,
        lead(observed_at) over by_observation as next_observed_at
    from compared
    where is_opening
    window by_observation as (partition by source, customer_id order by observed_at)
),

known_customers as (
    select
        {{ version_key('source', 'customer_id', 'observed_at') }} as customer_key,
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
        case when version = 1 then {{ since_ever() }} else observed_at end as valid_from,
        coalesce(next_observed_at, {{ for_ever() }}) as valid_to,
        next_observed_at is null as is_current,
        cast(version as integer) as version
    from versions
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
        cast(null as varchar) as country_code,
        cast(null as varchar) as age_group,
        {{ since_ever() }} as valid_from,
        {{ for_ever() }} as valid_to,
        true as is_current,
        1 as version
)

select * from guest
union all
select * from known_customers
