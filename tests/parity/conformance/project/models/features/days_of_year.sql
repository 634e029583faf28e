{{ config(materialized='table') }}
with spine as ({{ date_spine('day', "cast('2024-02-25' as date)", "cast('2024-03-05' as date)") }}),
numbers as ({{ generate_series(5) }})
select date_day, generated_number from spine left join numbers on day(date_day) = generated_number
{{ except() }}
select date '2024-02-28', null
