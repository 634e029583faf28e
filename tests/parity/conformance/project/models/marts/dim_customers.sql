{{ config(materialized='view', schema='people', alias='customers', tags=['people']) }}
select c.*, p.price as first_price, s.code
from {{ ref('stg_customers') }} c
left join {{ ref('money', 'prices') }} p on p.currency = case c.country when 'GB' then 'GBP' when 'US' then 'USD' else 'EUR' end
left join {{ ref('typed') }} s on s.code = c.country
