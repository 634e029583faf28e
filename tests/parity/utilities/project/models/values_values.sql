select '{{ dbt_utils.get_column_values(ref('sales'), 'shop', order_by='shop desc') | join(',') }}' as found
