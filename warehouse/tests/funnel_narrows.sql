-- No stage has more users than the one before, and no rate is above 1; a row for each day of which this does not hold.
select date
from {{ ref('fct_funnel') }}
where
    users_at_site < users_at_product
    or users_at_product < users_at_cart
    or users_at_cart < users_at_checkout
    or users_at_checkout < users_at_purchase
    or bounce_rate > 1
    or cart_abandonment_rate > 1
