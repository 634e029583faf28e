{{ dbt_utils.union_relations([ref('sales'), ref('returns')], include=['sale_id', 'amount'], where='amount > 6', source_column_name=none) }}
