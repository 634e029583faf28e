select t.*, c.name from {{ ref('typed') }} t left join {{ source('raw', 'customers') }} c on c.id = t.number - 1
