-- What catalog and clicks say of a product is the same on all of its versions; a row for each product of which it is not.
select source, product_id
from {{ ref('dim_products') }}
group by source, product_id
having
    count(distinct rating_tier) > 1
    or count(distinct revenue_tier) > 1
    or count(distinct product_health) > 1
    or min(total_revenue) <> max(total_revenue)
    or min(view_to_cart_rate) < 0
    or max(view_to_cart_rate) > 1
    or max(overall_conversion_rate) > 1
