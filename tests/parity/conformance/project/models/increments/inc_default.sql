select order_id from {{ ref('stg_orders') }} {% if is_incremental() %}where order_id > 105{% endif %}
