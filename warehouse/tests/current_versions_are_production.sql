{%- set customers = [
    'source', 'customer_id', 'email_token', 'email_domain', 'registration_date', 'city', 'state', 'country', 'country_code',
    'age_group'
] -%}
{%- set products = ['source', 'product_id', 'product_name', 'category', 'sub_category', 'brand', 'price', 'cost'] -%}

-- The present versions are what production has now, no more and no less; a row for each that only one of the two has.
with

customer_versions as (
    select {{ customers | join(', ') }} from {{ ref('dim_customers') }}
    where is_current and customer_key <> 0
),

production_customers as (
    select {{ customers | join(', ') }} from {{ ref('stg_customers') }}
),

product_versions as (
    select {{ products | join(', ') }} from {{ ref('dim_products') }}
    where is_current
),

production_products as (
    select {{ products | join(', ') }} from {{ ref('stg_products') }}
)

select 'dim_customers' as only_in, source, customer_id as id
from (select * from customer_versions except select * from production_customers) as more_customers
union all
select 'production.customers', source, customer_id
from (select * from production_customers except select * from customer_versions) as fewer_customers
union all
select 'dim_products', source, product_id
from (select * from product_versions except select * from production_products) as more_products
union all
select 'production.products', source, product_id
from (select * from production_products except select * from product_versions) as fewer_products
