{{ config(materialized='incremental' if var('threshold') == 20 else 'view', unique_key='n') }}
select 1 as n, {{ is_incremental() }} as later
