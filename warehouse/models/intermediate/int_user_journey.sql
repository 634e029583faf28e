{#- The pre-hook deletes the sessions to be built again: of this span, they are those that are not there then. -#}
{%- set span = span_of_journeys() -%}
{%- set kept = kept_sessions() -%}

{{
    config(
        materialized='incremental',
        pre_hook='{{ delete_touched_journeys() }}',
    )
}}

with

session_days as (
    {{ session_days_to_build(kept, span) }}
),

timed as (
    select
        *,
        min(first_event_at) over (partition by source, user_id, session_id) as session_start
    from session_days
)

select
    {{ session_key('source', 'user_id', 'session_id') }} || '|' || cast(date as varchar) as journey_natural_key,
    {{ session_key('source', 'user_id', 'session_id') }} as session_natural_key,
    {{ natural_key('source', 'user_id') }} as user_natural_key,
    source,
    user_id,
    session_id,
    date,
    session_start,
    true as reached_site,
    depth >= 2 as reached_product,
    depth >= 3 as reached_cart,
    depth >= 4 as reached_checkout,
    depth >= 5 as reached_purchase,
    {{ stage_name('depth') }} as deepest_stage,
    cast(depth as integer) as funnel_depth,
    case when depth < 5 then {{ stage_name('depth') }} end as drop_off_stage,
    {{ whole_seconds('session_start', 'first_product_view_at') }} as time_to_product_view,
    {{ whole_seconds('session_start', 'first_add_to_cart_at') }} as time_to_cart,
    {{ whole_seconds('session_start', 'first_begin_checkout_at') }} as time_to_checkout,
    {{ whole_seconds('session_start', 'first_purchase_at') }} as time_to_purchase,
    revenue as total_revenue
from timed
