{{ config(materialized='table', enabled=var('with_hash', true), full_refresh=none) }}
{% if execute and flags.FULL_REFRESH %}select 'full' as kind{% else %}select 'usual' as kind{% endif %},
  {{ hash('1') }} as hashed, {{ dbt.concat(["'a'", "'b'"]) }} as joined, {{ dbt.dateadd('day', 3, "cast('2024-01-01' as date)") }} as later
