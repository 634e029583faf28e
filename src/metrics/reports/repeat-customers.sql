/*
title: Repeat customers
question: How many customers come back, and what do they bring?
note: Guests are left out.
chart: { type: pie, x: kind_of_customer, y: [customers] }
columns:
  kind_of_customer: { unit: text, description: 'Repeat (more than one order in the range) or One order; guests are left out' }
  customers: { unit: count, description: Customers with an order in the range }
  share_of_customers: { unit: fraction, description: These customers / all customers of the range }
  orders: { unit: count, description: Their orders }
  orders_per_customer: { unit: number, description: Orders / customers; none without customers }
  gross_revenue: { unit: amount, description: Line totals of their orders }
  share_of_revenue: { unit: fraction, description: Their gross revenue / gross revenue of all customers; that of guests is left out }
  average_order_value: { unit: amount, description: Gross revenue per order; none without orders }
*/
with

days as (
    select date_key
    from dim_date
    where make_date(year, month, day_of_month) between cast($from as date) and cast($to as date)
),

customer_totals as (
    select
        count(distinct sales.transaction_id) as orders,
        sum(sales.line_total) as gross_revenue
    from days
    inner join fact_sales as sales on days.date_key = sales.date_key
    inner join dim_customers as customers on sales.customer_key = customers.customer_key
    where sales.transaction_type = 'sale' and sales.customer_key <> 0
    group by customers.source, customers.customer_id
),

-- both kinds are shown as soon as there is a customer at all
kinds as (
    select kind_of_customer
    from (values ('Repeat'), ('One order')) as kinds (kind_of_customer)
    where exists (select 1 from customer_totals)
),

totals as (
    select
        kinds.kind_of_customer,
        count(customer_totals.orders) as customers,
        cast(coalesce(sum(customer_totals.orders), 0) as bigint) as orders,
        coalesce(sum(customer_totals.gross_revenue), 0) as gross_revenue
    from kinds
    left join customer_totals on (kinds.kind_of_customer = 'Repeat') = (customer_totals.orders > 1)
    group by kinds.kind_of_customer
)

select
    kind_of_customer,
    customers,
    customers / nullif(sum(customers) over (), 0) as share_of_customers,
    orders,
    orders / nullif(customers, 0) as orders_per_customer,
    gross_revenue,
    gross_revenue / nullif(sum(gross_revenue) over (), 0) as share_of_revenue,
    cast(round(gross_revenue / nullif(orders, 0), 2) as decimal(18, 2)) as average_order_value
from totals
order by kind_of_customer desc
