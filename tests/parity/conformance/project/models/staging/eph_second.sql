{{ config(materialized='ephemeral', alias='eph_two') }}
with kept as (select * from {{ ref('eph_first') }} where status = 'paid')
select *, {{ money.to_currency('amount * 100') }} as again from kept
