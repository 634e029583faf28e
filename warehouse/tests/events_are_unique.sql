-- Every event is there once; a row for each event_id that several events have.
{%- set days = event_days_to_test() %}
select event_id
from {{ ref('stg_events') }}
{%- if days is not none %}
-- events of other days differ from each other, so of several that are alike one is of these
where event_id in (
    select event_id
    from {{ ref('stg_events') }}
    where {{ is_touched_event(days) }}
)
{%- endif %}
group by event_id
having count(*) > 1
