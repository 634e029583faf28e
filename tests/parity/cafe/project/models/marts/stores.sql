select stores.*, count(visits.seen_at) as visits
from {{ ref('stg_stores') }} as stores
left join {{ ref('stg_visits') }} as visits on visits.store_id = stores.store_id
group by all
