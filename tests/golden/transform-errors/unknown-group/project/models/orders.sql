{{ config(group='fynance') }}
select 1
