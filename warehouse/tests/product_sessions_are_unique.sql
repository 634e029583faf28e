-- int_product_sessions has one row per product, source, user and session; a row for each that has several.
{%- set days = event_days_to_test() %}
select product_natural_key, source, user_id, session_id
from {{ ref('int_product_sessions') }}
{%- if days is not none %}
-- rows built again differ from each other, so of several that are alike one is of a session with a touched day
where (source, user_id, session_id) in (
    select source, user_id, session_id
    from {{ ref('int_product_sessions') }}
    where {{ is_touched_span('first_date', 'last_date', days) }}
)
{%- endif %}
group by product_natural_key, source, user_id, session_id
having count(*) > 1
