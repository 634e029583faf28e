select {{ dbt_utils.star(ref('returns'), rename={'reason': 'why'}, quote_identifiers=False) }} from {{ ref('returns') }}
