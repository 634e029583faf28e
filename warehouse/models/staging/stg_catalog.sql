with

catalog as (
    select * from {{ source('lake', 'catalog') }}
)

select
    {{ natural_key('source', 'product_id') }} as product_natural_key,
    source,
    product_id,
    product_name,
    category,
    subcategory as sub_category,
    brand,
    price,
    cost,
    {{ price_tier('price') }} as price_tier,
    rating,
    {{ rating_tier('rating') }} as rating_tier,
    review_count,
    is_in_stock,
    observed_at
from catalog
