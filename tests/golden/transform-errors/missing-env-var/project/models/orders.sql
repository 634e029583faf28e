select
  '{{ env_var('SHOP_CURRENCY') }}' as currency
