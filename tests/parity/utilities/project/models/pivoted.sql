select shop,
  {{ dbt_utils.pivot('color', dbt_utils.get_column_values(ref('sales'), 'color', order_by='color')) }},
  {{ dbt_utils.pivot('size', ['S', 'M'], agg='max', then_value='amount', else_value='null', prefix='size_', suffix='_most') }},
  {{ dbt_utils.pivot('color', ['red'], alias=False, cmp='!=') }} as others
from {{ ref('sales') }}
{{ dbt_utils.group_by(1) }}
