{{ config(materialized='incremental', unique_key='Some Key', incremental_strategy='merge', alias='Odd-Name') }}
select order_id as "Some Key", status as "select", {{ 1 if is_incremental() else 0 }} as "Run" from {{ ref('stg_orders') }}
