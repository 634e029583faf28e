select currency, rate, '{{ var("currency") }}' as base from {{ ref('rates_seed') }}
