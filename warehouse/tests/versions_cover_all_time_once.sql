-- The versions of each id follow each other without gap or overlap from 1900-01-01 to 9999-12-31, and the last is current; a row for each version that does not.
with

versions as (
    select 'dim_customers' as dimension, source, customer_id as id, valid_from, valid_to, is_current, version
    from {{ ref('dim_customers') }}
    union all
    select 'dim_products', source, product_id, valid_from, valid_to, is_current, version
    from {{ ref('dim_products') }}
),

neighbours as (
    select
        *,
        lag(valid_to) over by_version as previous_valid_to,
        row_number() over by_version as place,
        lead(version) over by_version is null as is_last
    from versions
    window by_version as (partition by dimension, source, id order by version)
)

select dimension, source, id, version, valid_from, valid_to
from neighbours
where
    valid_from >= valid_to
    or valid_from <> coalesce(previous_valid_to, {{ since_ever() }})
    or version <> place
    or is_current <> is_last
    or (is_last and valid_to <> {{ for_ever() }})
