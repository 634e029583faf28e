{{ config(materialised='table', owner='Ann') }}
select 1 as id
