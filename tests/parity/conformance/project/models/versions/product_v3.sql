select 1 as product_id, 'kettle' as name, 'new' as mark
