select a.order_id, a.amount, b.again, a.status, {{ today() }} as day, '{{ var("threshold") }}' as threshold, '{{ env_var("CONFORMANCE_WORD", "unset") }}' as word
from {{ ref('eph_first') }} a left join {{ ref('eph_third') }} b using (order_id)
