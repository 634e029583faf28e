{{ config(incremental_strategy='merge', unique_key='customer_id') }}
select customer_id, name, tier from {{ ref('stg_customers') }}
