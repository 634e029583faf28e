
{{ config(alias='orders_alias', tags=['a', 'b'], meta={'k': 'v'}) }}
select *, {{ cents('amount') }} as euros from {{ source('raw', 'orders') }}

