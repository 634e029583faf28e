{%- set shown = ['product_name', 'category', 'sub_category', 'brand', 'price', 'cost'] -%}

with

snapshots as (
    select * from {{ ref('stg_product_snapshots') }}
),

catalog as (
    select * from {{ ref('stg_catalog') }}
),

performance as (
    select * from {{ ref('int_product_performance') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by source, product_id, observed_at
            order by updated_at desc nulls last, content_hash desc
        ) as place
    from snapshots
),

-- of several contents of one instant the last counts, as in production
observations as (
    select * from ranked
    where place = 1
),

compared as (
    select
        *,
        {{ opens_version(shown) }} as is_opening
    from observations
    window by_observation as (partition by source, product_id order by observed_at)
),

versions as (
    select
        *,
        row_number() over by_observation as version,
        lead(observed_at) over by_observation as next_observed_at
    from compared
    where is_opening
    window by_observation as (partition by source, product_id order by observed_at)
),

products as (
    select
        versions.source,
        versions.product_id,
        catalog.rating,
        coalesce(performance.views, 0) as total_views,
        coalesce(performance.purchases, 0) as total_purchases,
        coalesce(performance.revenue, 0) as total_revenue,
        performance.view_to_cart_rate,
        performance.overall_conversion_rate
    from versions
    left join catalog
        on versions.source = catalog.source
        and versions.product_id = catalog.product_id
    left join performance on {{ natural_key('versions.source', 'versions.product_id') }} = performance.product_natural_key
    where versions.version = 1
),

medians as (
    select
        {{ median_of('total_views') }} as views,
        {{ median_of('overall_conversion_rate') }} as conversion_rate
    from products
    where total_views > 0
),

compared_products as (
    select
        products.*,
        sum(products.total_revenue) over () as all_revenue,
        sum(products.total_revenue) over best_first as revenue_so_far,
        row_number() over best_first as revenue_rank,
        products.total_views >= medians.views as is_seen,
        products.overall_conversion_rate >= medians.conversion_rate as is_bought
    from products
    cross join medians
    window best_first as (
        order by products.total_revenue desc, products.source, products.product_id
        rows between unbounded preceding and current row
    )
),

classed_products as (
    select
        *,
        case
            when total_revenue = 0 then 'None'
            when revenue_rank = 1 or 100 * revenue_so_far <= 80 * all_revenue then 'A'
            when 100 * revenue_so_far <= 95 * all_revenue then 'B'
            else 'C'
        end as revenue_tier,
        case
            when total_views = 0 then 'No data'
            when is_bought and is_seen then 'Star'
            when is_bought then 'Hidden gem'
            when is_seen then 'Needs attention'
            else 'Underperformer'
        end as product_health
    from compared_products
)

select
    {{ version_key('versions.source', 'versions.product_id', 'versions.observed_at') }} as product_key,
    versions.source,
    versions.product_id,
    versions.product_name,
    versions.category,
    versions.sub_category,
    versions.brand,
    versions.price,
    versions.cost,
    {{ price_tier('versions.price') }} as price_tier,
    {{ safe_divide('100 * cast(versions.price - versions.cost as decimal(38, 4))', 'versions.price') }} as margin_percentage,
    case when versions.version = 1 then {{ since_ever() }} else versions.observed_at end as valid_from,
    coalesce(versions.next_observed_at, {{ for_ever() }}) as valid_to,
    versions.next_observed_at is null as is_current,
    cast(versions.version as integer) as version,
    classed_products.rating,
    {{ rating_tier('classed_products.rating') }} as rating_tier,
    classed_products.total_views,
    classed_products.total_purchases,
    {{ money('classed_products.total_revenue') }} as total_revenue,
    classed_products.view_to_cart_rate,
    classed_products.overall_conversion_rate,
    classed_products.revenue_tier,
    classed_products.product_health
from versions
inner join classed_products
    on versions.source = classed_products.source
    and versions.product_id = classed_products.product_id
