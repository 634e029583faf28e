select * from {{ source('raw', 'customers') }} join {{ ref('colours') }} using (id)
