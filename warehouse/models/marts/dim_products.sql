{%- set shown = ['product_name', 'category', 'sub_category', 'brand', 'price', 'cost'] -%}

with

snapshots as (
    select * from {{ ref('stg_product_snapshots') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by source, product_id, observed_at
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
    window by_observation as (partition by source, product_id order by observed_at)
),

versions as (
    select
        *,
        row_number() over by_observation as version,
        lead(observed_at) over by_observation as next_observed_at
    from compared
    where is_opening
    window by_observation as (partition by source, product_id order by observed_at)
)

select
    {{ version_key('source', 'product_id', 'observed_at') }} as product_key,
    source,
    product_id,
    product_name,
    category,
    sub_category,
    brand,
    price,
    cost,
    {{ price_tier('price') }} as price_tier,
    {{ safe_divide('100 * cast(price - cost as decimal(38, 4))', 'price') }} as margin_percentage,
    case when version = 1 then {{ since_ever() }} else observed_at end as valid_from,
    coalesce(next_observed_at, {{ for_ever() }}) as valid_to,
    next_observed_at is null as is_current,
    cast(version as integer) as version
from versions
