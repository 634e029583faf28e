{{ config(materialized='view' if var('threshold') == 20 else 'table') }}
select {{ var('threshold') }} as threshold
