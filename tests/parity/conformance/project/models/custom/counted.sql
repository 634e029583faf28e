{{ config(materialized='counted_table', counter='row', label='by hand', pre_hook="insert into audit.runs values ('custom', 'before')") }}
select order_id, status from {{ ref('stg_orders') }} order by order_id
