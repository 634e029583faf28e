{{ config(alias='price_list') }}
select currency, {{ money.to_currency('rate * 1000', 3) }} as price, base, {{ "'" ~ money.label() | replace("'", "''") ~ "'" }} as label
from {{ ref('rates') }}
