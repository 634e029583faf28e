/*
title: Daily engagement
question: How many users come each day, and what do they do?
note: Days without an event are there too.
about: events
chart: { type: line, x: date, y: [daily_active_users, dau_7d_avg] }
columns:
  date: { unit: date, description: The day }
  daily_active_users: { unit: count, description: Different users with an event }
  dau_7d_avg: { unit: number, description: 'Mean of daily active users over the seven days that end with this one, over fewer in the first six' }
  new_users: { unit: count, description: Users whose first event of all was that day }
  total_sessions: { unit: count, description: Sessions that began that day }
  total_events: { unit: count, description: Events of any type }
  product_views: { unit: count, description: Views of a product }
  add_to_carts: { unit: count, description: Times that something was put into a cart }
  purchases: { unit: count, description: Orders among the events }
  total_revenue: { unit: amount, description: What the purchase events brought }
  conversion_rate: { unit: fraction, description: 'Sessions with a purchase / sessions, of those that began that day' }
  avg_order_value: { unit: amount, description: Revenue per order; none without orders }
*/
select
    date,
    daily_active_users,
    dau_7d_avg,
    new_users,
    total_sessions,
    total_events,
    product_views,
    add_to_carts,
    purchases,
    total_revenue,
    conversion_rate,
    avg_order_value
from fct_daily_engagement
where date between cast($from as date) and cast($to as date)
order by date
