select t.*, q."Some Name" as other, s.word, n.whole
from {{ ref('typed') }} t
left join {{ ref('quoted_columns') }} q on q."Order" = t.number
left join {{ ref('semicolons') }} s on s.id = t.number
left join {{ ref('numbers') }} n on n.whole = t.number
