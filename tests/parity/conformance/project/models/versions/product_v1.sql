select 1 as product_id, 'kettle' as name, 5 as price
