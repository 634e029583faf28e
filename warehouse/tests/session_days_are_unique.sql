-- int_session_days has one row per source, user, session and day; a row for each that has several.
select source, user_id, session_id, date
from {{ ref('int_session_days') }}
group by source, user_id, session_id, date
having count(*) > 1
