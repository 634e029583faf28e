{{ config(incremental_strategy='merge', unique_key=['customer_id'], merge_update_columns=['tier']) }}
select customer_id, name || {% if is_incremental() %}'!'{% else %}''{% endif %} as name, tier from {{ ref('stg_customers') }}
