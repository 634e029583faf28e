with

products as (
    select * from {{ source('production', 'products') }}
)

select
    {{ natural_key('source', 'product_id') }} as product_natural_key,
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
    observed_at
from products
