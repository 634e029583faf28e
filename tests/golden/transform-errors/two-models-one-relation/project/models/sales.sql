{{ config(alias='orders') }}
select 2
