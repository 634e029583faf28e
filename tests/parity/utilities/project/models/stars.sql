select
  {{ dbt_utils.star(ref('sales'), except=['url', 'SHOP']) }},
  {{ dbt_utils.star(from=ref('sales'), relation_alias='s', except=['url', 'discount', 'sold_on', 'color', 'size'], prefix='the_', suffix='_again', quote_identifiers=false) }}
from {{ ref('sales') }} s
