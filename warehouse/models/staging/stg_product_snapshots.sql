with

product_snapshots as (
    select * from {{ source('production', 'product_snapshots') }}
)

select
    source,
    product_id,
    product_name,
    category,
    sub_category,
    brand,
    price,
    cost,
    stock_quantity,
    supplier_id,
    observed_at,
    updated_at,
    content_hash
from product_snapshots
