{# An analysis is compiled, never run. #}
select status, count(*) from {{ ref('fct_orders') }} group by 1 order by {{ var('threshold') / 5 }}
