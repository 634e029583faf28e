{{
  config(
    materialized='table',
    tags=['orders', 'daily'],
    meta={'owner': 'sales', 'priority': 1, 'labels': ['a', 'b']},
    pre_hook="insert into audit.runs select 'before', '{{ this.schema }}'",
    post_hook=[
      "insert into audit.runs select 'after', '{{ this.identifier }} ' || count(*)::varchar from {{ this }}",
      {'sql': "insert into audit.runs select 'later', '{{ model.name }}'", 'transaction': false}
    ]
  )
}}
select
  id as order_id,
  customer_id,
  {{ money.to_currency('amount_cents') }} as amount,
  {{ cents_label('amount_cents', threshold=var('threshold')) }} as label,
  status,
  ordered_at
from {{ source('raw', 'orders') }}
