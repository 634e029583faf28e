{%- set columns = ['id', 'name', 'email', 'country', 'tier'] -%}
with source as (
  select * from {{ source('raw', 'customers') }}
)
select
  {% for column in columns -%}
  {{ column }}{{ ' as customer_id' if loop.first }}{{ ',' if not loop.last }}
  {% endfor -%}
  , updated_at
  -- {# a comment of the template #} and one of SQL: {{ '{{' }}
from source
