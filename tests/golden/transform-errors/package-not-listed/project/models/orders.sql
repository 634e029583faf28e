select
  {{ dbt_utils.star(ref('customers')) }}
