{{ config(materialized='incremental', unique_key='order_id', incremental_strategy='merge', incremental_predicates=['DBT_INTERNAL_DEST.order_id > 102']) }}
select order_id, status from {{ ref('stg_orders') }}
