{{ config(incremental_strategy='delete+insert', unique_key=['customer_id', 'day']) }}
select customer_id, ordered_at::date as day, count(*) as orders from {{ ref('stg_orders') }}
where customer_id is not null
group by all
