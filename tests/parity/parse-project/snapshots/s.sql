{% snapshot snap_orders %}
{{ config(unique_key='id', strategy='timestamp', updated_at='updated_at', invalidate_hard_deletes=True) }}
select * from {{ ref('stg_orders') }}
{% endsnapshot %}
{% snapshot snap_two %}
{{ config(unique_key='id', strategy='check', check_cols=['a'], target_schema='s2', target_database='feature') }}
select * from {{ source('raw', 'orders') }}
{% endsnapshot %}
