with sales as (select * from {{ ref('sales') }})
select * from ({{ dbt_utils.deduplicate(relation='sales', partition_by='shop, color', order_by='sold_on desc, sale_id') }})
union all
select * from ({{ dbt_utils.deduplicate(ref('sales'), 'shop', 'sale_id desc') }})
