{{ config(materialized='view_of_kind') }}
select count(*) as rows_counted from {{ ref('counted') }}
