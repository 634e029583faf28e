/** Lines of compiled SQL are led back to the template's. */
import { expect, test } from 'vitest';
import { templateLine } from './errors.ts';

const template = `{{ config(materialized='table') }}
with

orders as (
    select * from {{ ref('orders') }}
)

select
{% for name in names %}
  {{ name }} as {{ name }}_new,
{% endfor %}
  orders.total
from orders`;

const compiled = `
with

orders as (
    select * from "shop"."main"."orders"
)

select

  a as a_new,

  b as b_new,

  orders.total
from orders`;

test.each([
  [2, 2],
  [5, 5],
  [8, 8],
  [14, 12],
  [15, 13],
])('line %i comes from line %i', (line, expected) => {
  expect(templateLine({ path: 'm.sql', template, compiled }, line)).toBe(expected);
});

test('a line of a loop comes from within the loop', () => {
  for (const line of [10, 12]) {
    const found = templateLine({ path: 'm.sql', template, compiled }, line);
    expect(found).toBeGreaterThanOrEqual(9);
    expect(found).toBeLessThanOrEqual(11);
  }
});
