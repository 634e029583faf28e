select order_id as id, 1.5::double as amount, 'x' as word from {{ ref('stg_orders') }}
