select 1 from {{ ref('dim', version=1) }} where {{ cents('1') }} > 2
