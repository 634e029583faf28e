select sale_id,
  {{ dbt_utils.generate_surrogate_key(['shop', 'color', 'discount']) }} as key,
  {{ dbt_utils.generate_surrogate_key(['sale_id']) }} as single
from {{ ref('sales') }}
