select '{{ dbt_utils.get_column_values(api.Relation.create(schema='nowhere', identifier='nothing'), 'x', default=['none']) | join(',') }}' as found
