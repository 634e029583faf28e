{{ config(tags=['singular'], severity='warn', warn_if='>=1') }}
select order_id from {{ ref('stg_orders') }} where amount = 0
