{% snapshot snap_check %}
{{ config(unique_key='order_id', strategy='check', check_cols=['status', 'amount']) }}
select order_id, status, amount from {{ ref('stg_orders') }}
{% endsnapshot %}

{% snapshot snap_check_all %}
{{ config(unique_key='id', strategy='check', check_cols='all', hard_deletes='invalidate') }}
select * from {{ source('raw', 'customers') }}
{% endsnapshot %}
