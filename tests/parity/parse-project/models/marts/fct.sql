{{ config(materialized='incremental', unique_key=['id'], incremental_strategy='delete+insert', on_schema_change='fail') }}
{% set cols = ['a', 'b'] %}
select {% for c in cols %} {{ c }}, {% endfor %} 1 as id
from {{ ref('stg_orders') }}
left join {{ ref('feature', 'dim', v=1) }} using (id)
left join {{ ref('dim') }} d2 using (id)
{% if is_incremental() %} where ts > (select max(ts) from {{ this }}) {% endif %}
-- {{ var('start') }} {{ var('missing_var', 'd') }} {{ env_var('FEATURE_ENV', 'dflt') }}
