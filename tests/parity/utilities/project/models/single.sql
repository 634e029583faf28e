select {{ dbt_utils.get_single_value("select max(sale_id) from " ~ ref('sales'), default=0) }} as newest
