/*
title: Conversion funnel
question: How many users come how far, from the first page to the purchase?
note: A user counts once, however many sessions; sessions count on the day on which they began.
about: events
chart: { type: bar, x: stage, y: [users] }
columns:
  stage: { unit: text, description: 'Site (any event), Product (viewed one), Cart (put something in), Checkout (began one), Purchase' }
  users: { unit: count, description: Users with an event of the stage or of a later one }
  rate_to_next: { unit: fraction, description: Users of the next stage / users; none for the last stage }
  overall_rate: { unit: fraction, description: Users / users of the first stage }
*/
with

sessions as (
    select
        user_natural_key,
        case
            when is_converted then 5
            when begin_checkouts > 0 then 4
            when add_to_cart_events > 0 then 3
            when product_views > 0 then 2
            else 1
        end as depth
    from int_sessions
    where session_date between cast($from as date) and cast($to as date)
),

users as (
    select
        user_natural_key,
        max(depth) as depth
    from sessions
    group by user_natural_key
),

-- all stages are shown as soon as there is a user at all
stages as (
    select *
    from (values (1, 'Site'), (2, 'Product'), (3, 'Cart'), (4, 'Checkout'), (5, 'Purchase')) as stages (place, stage)
    where exists (select 1 from users)
),

reached as (
    select
        stages.place,
        stages.stage,
        count(users.depth) as users
    from stages
    left join users on users.depth >= stages.place
    group by stages.place, stages.stage
)

select
    stage,
    users,
    lead(users) over (order by place) / nullif(users, 0) as rate_to_next,
    users / first_value(users) over (order by place) as overall_rate
from reached
order by place
