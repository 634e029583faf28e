with

products as (
    select * from {{ ref('stg_products') }}
)

select
    {{ surrogate_key('source', 'product_id') }} as product_key,
    source,
    product_id,
    product_name,
    category,
    sub_category,
    brand,
    price,
    cost,
    case
        when price < 25 then 'Budget'
        when price < 100 then 'Mid-Range'
        when price < 500 then 'Premium'
        else 'Luxury'
    end as price_tier,
    {{ safe_divide('100 * cast(price - cost as decimal(38, 4))', 'price') }} as margin_percentage,
    timestamptz '1900-01-01 00:00:00+00' as valid_from,
    timestamptz '9999-12-31 00:00:00+00' as valid_to,
    true as is_current,
    1 as version
from products
