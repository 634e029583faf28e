with

transaction_items as (
    select * from {{ source('production', 'transaction_items') }}
)

select
    {{ natural_key('source', 'item_id') }} as item_natural_key,
    {{ natural_key('source', 'transaction_id') }} as transaction_natural_key,
    {{ natural_key('source', 'product_id') }} as product_natural_key,
    source,
    item_id,
    transaction_id,
    product_id,
    quantity,
    unit_price,
    discount_percentage,
    line_total,
    observed_at
from transaction_items
