select
  {{ rate(1, 0) }}
