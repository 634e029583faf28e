select c.customer_id from {{ ref('customer_totals') }} c join {{ ref('inc_merge') }} m using (customer_id) where c.orders < 0
