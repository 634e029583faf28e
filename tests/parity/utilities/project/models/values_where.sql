select '{{ dbt_utils.get_column_values(ref('sales'), 'size', where="shop = 'south'", order_by='size') | join(',') }}' as found
