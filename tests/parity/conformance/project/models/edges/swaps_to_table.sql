{{ config(materialized='table' if var('threshold') == 20 else 'view') }}
select {{ var('threshold') }} as threshold
