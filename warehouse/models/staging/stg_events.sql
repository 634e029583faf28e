with

events as (
    select * from {{ source('lake', 'events') }}
)

select
    event_id,
    source,
    event_type,
    {{ natural_key('source', 'user_id') }} as user_natural_key,
    user_id,
    session_id,
    event_timestamp,
    {{ shop_date('event_timestamp') }} as event_date,
    cast(extract(hour from {{ shop_local('event_timestamp') }}) as integer) as event_hour,
    {{ day_of_week(shop_local('event_timestamp')) }} as day_of_week,
    {{ day_of_week(shop_local('event_timestamp')) }} in (0, 6) as is_weekend,
    coalesce(revenue_amount > 0, false) as is_revenue_event,
    device_type,
    country_code,
    traffic_source,
    {{ natural_key('source', 'product_id') }} as product_natural_key,
    product_id,
    product_category,
    revenue_amount,
    {{ property_text('properties', 'order_id') }} as order_id,
    {{ property_integer('properties', 'quantity') }} as quantity,
    {{ property_text('properties', 'query') }} as search_query,
    properties,
    received_at,
    batch_id
from events
