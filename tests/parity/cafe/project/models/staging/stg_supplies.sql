select id as supply_id, sku as product_id, name as supply_name, {{ cents_to_money('cost') }} as supply_cost, perishable as is_perishable
from {{ ref('raw_supplies') }}
