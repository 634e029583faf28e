{{ config(materialized='incremental', unique_key=['status', 'customer_id'], incremental_strategy='delete+insert') }}
select status, customer_id, count(*) as n, sum(amount) as total from {{ ref('stg_orders') }} group by 1, 2
