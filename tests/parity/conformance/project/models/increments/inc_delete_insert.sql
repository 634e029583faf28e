{{ config(incremental_strategy='delete+insert', unique_key='order_id', incremental_predicates=["order_id > 100"]) }}
select order_id, status, amount from {{ ref('stg_orders') }}
{% if is_incremental() %} where order_id >= 103 {% endif %}
