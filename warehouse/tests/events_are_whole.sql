-- Every event has what the contract requires; a row for each that has not.
select event_id
from {{ ref('stg_events') }}
where
    source is null
    or event_type is null
    or user_id is null
    or session_id is null
    or event_timestamp is null
    or device_type is null
    or traffic_source is null
    or (event_type = 'purchase') <> (revenue_amount is not null)
    or revenue_amount < 0
