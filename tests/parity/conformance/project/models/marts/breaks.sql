select 1 / missing_column as x from {{ ref('stg_orders') }}
