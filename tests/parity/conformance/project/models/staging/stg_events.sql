{{ config(event_time='happened_at') }}
select * from {{ source('raw', 'events') }}
