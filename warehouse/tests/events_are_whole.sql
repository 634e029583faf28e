-- Every event has what the contract requires; a row for each that has not.
{%- set days = event_days_to_test() %}
with

events as (
    select * from {{ ref('stg_events') }}
    {%- if days is not none %}
    where {{ is_touched_event(days) }}
    union all
    select * from {{ ref('stg_events') }}
    where event_timestamp is null
    {%- endif %}
)

select event_id
from events
where
    event_id is null
    or source is null
    or event_type is null
    or user_id is null
    or session_id is null
    or event_timestamp is null
    or device_type is null
    or traffic_source is null
    or (event_type = 'purchase') <> (revenue_amount is not null)
    or revenue_amount < 0
