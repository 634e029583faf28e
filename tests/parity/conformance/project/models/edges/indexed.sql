{{ config(materialized='table', indexes=[{'columns': ['order_id'], 'unique': true}, {'columns': ['status', 'order_id']}]) }}
select order_id, status from {{ ref('stg_orders') }}
