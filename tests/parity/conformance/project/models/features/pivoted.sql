-- depends_on: {{ ref('stg_orders') }}
select customer_id
{%- for status in statuses() %},
  sum(case when status = '{{ status }}' then amount end) as {{ adapter.quote(status ~ ' amount') }}
{%- endfor %}
from {{ ref('stg_orders') }}
group by 1
