{{ config(incremental_strategy='append', full_refresh=false) }}
select max(order_id) as newest from {{ ref('stg_orders') }}
