select
    id as order_id,
    customer as customer_id,
    store_id,
    {{ cents_to_money('subtotal') }} as subtotal,
    {{ cents_to_money('tax_paid') }} as tax_paid,
    {{ cents_to_money('order_total') }} as order_total,
    ordered_at,
    {{ dbt.date_trunc('day', 'ordered_at') }}::date as ordered_on
from {{ ref('raw_orders') }}
