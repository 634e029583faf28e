-- int_session_days has one row per source, user, session and day; a row for each that has several.
{%- set days = event_days_to_test() %}
select source, user_id, session_id, date
from {{ ref('int_session_days') }}
{%- if days is not none %}
-- rows of other days stay as they are: events that one more would count again are more than those of sessions, or of all
where {{ is_touched_day('date', days) }}
{%- endif %}
group by source, user_id, session_id, date
having count(*) > 1
