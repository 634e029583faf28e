-- Tables whose names follow a pattern, for the macros that look for relations.
create schema events;
create table events.visits_2023 (id integer, page varchar);
insert into events.visits_2023 values (1, 'home'), (2, 'cart');
create table events.visits_2024 (id integer, page varchar, device varchar);
insert into events.visits_2024 values (3, 'home', 'phone');
create table events.visits_old (id integer, page varchar);
create view events.other as select 1 as id;
