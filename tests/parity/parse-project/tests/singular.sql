{{ config(severity='warn', tags=['sing'], store_failures=true) }}
select * from {{ ref('fct') }} where id is null
