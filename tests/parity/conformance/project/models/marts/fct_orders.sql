with chain as (select * from {{ ref('eph_third') }})
select o.order_id::bigint as order_id, o.customer_id, o.amount, c.again, o.ordered_at::date as day, coalesce(o.status, '?') as status
from {{ ref('stg_orders') }} o left join chain c using (order_id)
