-- The live shop: what is sold, to whom, and what was ordered. Its orders reach production like any other source's.

CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'The live shop: customers, products with their stock, orders.';

CREATE TABLE shop.customers (
  customer_id   text PRIMARY KEY CHECK (length(customer_id) BETWEEN 1 AND 64),
  first_name    text,
  last_name     text,
  email         text,
  phone         text,
  registered_on date,
  city          text,
  state         text,
  country       text,
  age_group     text
);
COMMENT ON TABLE shop.customers IS 'Who may order with an account.';

CREATE TABLE shop.products (
  product_id     text PRIMARY KEY CHECK (length(product_id) BETWEEN 1 AND 64),
  product_name   text NOT NULL,
  category       text NOT NULL,
  sub_category   text,
  price          numeric(18, 4) NOT NULL CHECK (price > 0),
  cost           numeric(18, 4) CHECK (cost >= 0),
  brand          text,
  stock_quantity bigint NOT NULL CHECK (stock_quantity >= 0),
  supplier_id    text,
  metadata       jsonb
);
COMMENT ON TABLE shop.products IS 'What is sold. stock_quantity cannot fall below 0: no order sells what is not there.';

CREATE TABLE shop.orders (
  order_id         text PRIMARY KEY,
  customer_id      text REFERENCES shop.customers,
  placed_at        timestamptz NOT NULL,
  payment_method   text NOT NULL,
  shipping_address text,
  country          text,
  status           text NOT NULL CHECK (status IN ('completed', 'pending', 'cancelled')),
  updated_at       timestamptz NOT NULL
);
CREATE INDEX orders_customer ON shop.orders (customer_id);
COMMENT ON TABLE shop.orders IS 'One row per order; customer_id NULL is a guest.';

CREATE TABLE shop.order_items (
  order_id   text NOT NULL REFERENCES shop.orders,
  line       integer NOT NULL CHECK (line > 0),
  product_id text NOT NULL REFERENCES shop.products,
  quantity   bigint NOT NULL CHECK (quantity > 0),
  unit_price numeric(18, 4) NOT NULL CHECK (unit_price >= 0),
  line_total numeric(18, 2) NOT NULL,
  PRIMARY KEY (order_id, line)
);
CREATE INDEX order_items_product ON shop.order_items (product_id);
COMMENT ON TABLE shop.order_items IS 'One row per line of an order; unit_price is the price at the time of the order.';
