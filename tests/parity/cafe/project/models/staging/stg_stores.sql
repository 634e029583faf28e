select id as store_id, name as store_name, opened_at::date as opened_on, tax_rate from {{ ref('raw_stores') }}
