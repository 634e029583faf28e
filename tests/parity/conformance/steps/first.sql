-- Source tables before the first run. Times that freshness and batches look at are told from today.
create schema raw;
create table raw.customers (id integer, name varchar, email varchar, country varchar, tier varchar, updated_at timestamp);
insert into raw.customers values
  (1, 'Ada', 'ada@example.com', 'GB', 'gold', '2024-01-01 08:00:00'),
  (2, 'Bo', null, 'US', 'silver', '2024-01-02 09:30:00'),
  (3, 'O''Hara', 'o@example.org', 'IE', null, '2024-01-03 10:00:00'),
  (4, 'Dürer', 'd@example.de', 'DE', 'gold', '2024-01-04 11:00:00');
create table raw.orders (id integer, customer_id integer, amount_cents bigint, status varchar, ordered_at timestamp);
insert into raw.orders values
  (100, 1, 1250, 'paid', '2024-02-01 10:00:00'),
  (101, 1, 999, 'paid', '2024-02-01 11:00:00'),
  (102, 2, 50000, 'returned', '2024-02-02 12:00:00'),
  (103, 3, 0, 'open', '2024-02-03 13:00:00'),
  (104, 9, 75, 'paid', '2024-02-04 14:00:00'),
  (105, null, 1234567, 'paid', '2024-02-05 15:00:00');
create table raw.events as
  select i as event_id, 'user' || (i % 3) as user_name, i * 1.5 as value,
    date_trunc('day', current_timestamp at time zone 'UTC') - to_days((i % 4)::integer) + to_hours((i % 7)::integer) as happened_at
  from range(1, 25) as t(i);
create table raw.loads (name varchar, loaded_at timestamp);
insert into raw.loads values
  ('new', current_timestamp at time zone 'UTC' - interval 1 hour),
  ('old', current_timestamp at time zone 'UTC' - interval 30 hours),
  ('oldest', current_timestamp at time zone 'UTC' - interval 20 days);
create table raw."Odd Name" ("Some Column" integer, "order" varchar);
insert into raw."Odd Name" values (1, 'first'), (2, 'second');
