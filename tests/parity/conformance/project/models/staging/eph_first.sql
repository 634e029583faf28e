{{ config(materialized='ephemeral') }}
select order_id, amount, status from {{ ref('stg_orders') }}
