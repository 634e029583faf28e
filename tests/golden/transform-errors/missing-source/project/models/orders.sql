select *
from {{ source('row', 'orders') }}
