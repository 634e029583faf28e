select '{{ dbt_utils.get_column_values(ref('sales'), 'color', max_records=1) | join(',') }}' as found
