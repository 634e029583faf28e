select
    sku as product_id,
    name as product_name,
    type as product_type,
    {{ cents_to_money('price') }} as product_price,
    coalesce(type = 'food', false) as is_food,
    coalesce(type = 'drink', false) as is_drink
from {{ ref('raw_products') }}
