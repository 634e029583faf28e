{{ config(materialized='incremental', unique_key='order_id', on_schema_change='append_new_columns') }}
select order_id, status {{ ", 'x' as added" if false }} from {{ ref('stg_orders') }}
