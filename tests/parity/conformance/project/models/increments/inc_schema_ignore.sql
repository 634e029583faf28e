{{ config(unique_key='order_id', on_schema_change='ignore') }}
select order_id, amount {% if is_incremental() %}, status || '+' as added {% endif %}
from {{ ref('stg_orders') }}
