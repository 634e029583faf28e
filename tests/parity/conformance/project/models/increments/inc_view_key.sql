{{ config(incremental_strategy='delete+insert', unique_key='order_id', contract={'enforced': true}, on_schema_change='append_new_columns') }}
select order_id::integer as order_id, status from {{ ref('stg_orders') }}
