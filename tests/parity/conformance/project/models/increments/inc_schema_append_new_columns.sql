{{ config(unique_key='order_id', on_schema_change='append_new_columns') }}
select order_id,
  {% if is_incremental() %}
  status || '+' as added, amount::double as amount
  {% else %}
  amount, status as dropped
  {% endif %}
from {{ ref('stg_orders') }}
