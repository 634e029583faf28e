select
  {{ sent('amount') }}
