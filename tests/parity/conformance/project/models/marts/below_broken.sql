{{ config(materialized='view') }}
select * from {{ ref('breaks') }}
