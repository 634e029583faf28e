{{ config(unique_key='order_id', on_schema_change='sync_all_columns') }}
select order_id, amount, {% if is_incremental() %} status || '+' as added {% else %} status as dropped {% endif %}
from {{ ref('stg_orders') }}
