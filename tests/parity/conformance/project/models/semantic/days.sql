{{ config(materialized='table') }}
select unnest(generate_series(date '2024-02-01', date '2024-02-29', interval 1 day))::date as day
