{{ config(materialized='ephemeral') }}
select a.order_id, b.again from {{ ref('eph_first') }} a join {{ ref('eph_second') }} b using (order_id)
