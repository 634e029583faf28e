with

profiles as (
    select * from {{ source('lake', 'profiles') }}
),

events as (
    select * from {{ source('lake', 'events') }}
),

-- a model knows no today: the last day that the events tell of, else the last on which a profile was seen
as_of as (
    select
        coalesce(
            {{ shop_date('(select max(event_timestamp) from events)') }},
            {{ shop_date('(select max(observed_at) from profiles)') }}
        ) as date
),

aged as (
    select
        profiles.*,
        case
            when profiles.account_created_at is not null
                then cast(
                    greatest({{ days_between(shop_date('profiles.account_created_at'), 'as_of.date') }}, 0) as integer
                )
        end as account_age_days
    from profiles
    cross join as_of
)

select
    {{ natural_key('source', 'user_id') }} as user_natural_key,
    source,
    user_id,
    user_segment,
    preferred_device,
    acquisition_source,
    country_code,
    city,
    account_created_at,
    account_age_days,
    case
        when account_age_days < 30 then 'New'
        when account_age_days < 180 then 'Growing'
        when account_age_days < 730 then 'Established'
        when account_age_days >= 730 then 'Loyal'
    end as tenure_tier,
    is_email_subscribed,
    observed_at
from aged
