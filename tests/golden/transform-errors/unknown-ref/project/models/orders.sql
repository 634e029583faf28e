select *
from {{ ref("custmers") }}
