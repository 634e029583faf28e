select code, number from {{ ref('typed') }}
