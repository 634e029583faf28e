{{ config(incremental_strategy='append') }}
select order_id, amount, {{ is_incremental() }} as later from {{ ref('stg_orders') }}
{% if is_incremental() %}
where order_id > (select max(order_id) from {{ this }})
{% endif %}
