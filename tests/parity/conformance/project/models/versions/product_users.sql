select 'latest' as of, count(*) as n from {{ ref('product') }}
union all select 'first', count(*) from {{ ref('product', v=1) }}
union all select 'third', count(*) from {{ ref('conformance', 'product', version=3) }} where mark = 'new'
