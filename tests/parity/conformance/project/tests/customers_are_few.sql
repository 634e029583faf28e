{{ config(store_failures=true, limit=2) }}
select * from {{ ref('stg_customers') }} where customer_id > 1000
