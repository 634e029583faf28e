select id, count(*) as versions, count(dbt_valid_to) as closed from {{ ref('snap_timestamp') }} group by 1
