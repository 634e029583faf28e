{{ dbt_utils.union_relations(relations=[ref('sales'), ref('returns')], exclude=['url'], column_override={'amount': 'double'}, source_column_name='came_from') }}
