select sale_id,
  {{ dbt_utils.safe_add(['amount', 'discount', '1']) }} as added,
  {{ dbt_utils.safe_subtract(['amount', 'discount']) }} as subtracted,
  {{ dbt_utils.safe_divide('amount', 'discount') }} as divided,
  {{ dbt_utils.width_bucket('amount', 0, 20, 4) }} as bucket
from {{ ref('sales') }}
