-- What changes before the second run: rows that are new, different and gone.
update raw.customers set tier = 'platinum', updated_at = '2024-03-01 08:00:00' where id = 1;
update raw.customers set email = 'bo@example.com', updated_at = '2024-03-02 08:00:00' where id = 2;
delete from raw.customers where id = 3;
insert into raw.customers values (5, 'Eve', 'eve@example.com', 'GB', 'silver', '2024-03-03 12:00:00');
update raw.orders set status = 'paid', amount_cents = 4200 where id = 103;
insert into raw.orders values
  (106, 5, 8800, 'paid', '2024-03-04 10:00:00'),
  (107, 2, 100, 'open', '2024-03-05 10:00:00');
insert into raw.events
  select i, 'late' || (i % 2), i * 0.5,
    date_trunc('day', current_timestamp at time zone 'UTC') - to_days((i % 3)::integer) + to_minutes((i)::integer)
  from range(25, 33) as t(i);
update raw.events set value = -1 where event_id in (3, 4);
alter table raw.customers add column phone varchar;
update raw.customers set phone = '+44 1' where id = 1;
