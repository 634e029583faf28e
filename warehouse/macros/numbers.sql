{#- An exact amount in the shop's currency: DECIMAL(18,2), rounded half away from zero. The argument is a DECIMAL. -#}
{%- macro money(amount) -%}
    cast(round({{ amount }}, 2) as decimal(18, 2))
{%- endmacro -%}

{#-
    quantity x unit price, exact: DECIMAL(38,4). DuckDB multiplies two decimals of up to 18 digits into 18 digits, so the
    quantity is widened first.
-#}
{%- macro line_value(quantity, unit_price) -%}
    cast({{ quantity }} as decimal(20, 0)) * {{ unit_price }}
{%- endmacro -%}

{#- amount / number as DECIMAL(18,2), rounded half away from zero, NULL where the number is 0. -#}
{%- macro money_average(amount, number) -%}
    {{ return(adapter.dispatch('money_average', 'millrace')(amount, number)) }}
{%- endmacro -%}

{#- For databases that divide decimals into decimals. -#}
{%- macro default__money_average(amount, number) -%}
    cast(round(cast({{ amount }} as decimal(38, 10)) / nullif({{ number }}, 0), 2) as decimal(18, 2))
{%- endmacro -%}

{#- Counted in whole cents, for `/` and avg() give DOUBLE; `//` drops the remainder. -#}
{%- macro duckdb__money_average(amount, number) -%}
    cast(
        cast(
            (
                2 * cast(cast({{ amount }} as decimal(38, 2)) * 100 as hugeint)
                + case when {{ amount }} < 0 then -1 else 1 end * {{ number }}
            ) // nullif(2 * {{ number }}, 0)
            as decimal(20, 0)
        ) * 0.01
        as decimal(18, 2)
    )
{%- endmacro -%}

{#- numerator / denominator as DOUBLE, NULL where the denominator is 0. -#}
{%- macro safe_divide(numerator, denominator) -%}
    cast({{ numerator }} as double precision) / nullif(cast({{ denominator }} as double precision), 0)
{%- endmacro -%}

{#- A score from 1 to 5 by place among all rows, INTEGER: 1 + floor(5 x percent_rank), at most 5; equal values score equal. -#}
{%- macro quintile(value) -%}
    cast(1 + least(4, floor(5 * percent_rank() over (order by {{ value }}))) as integer)
{%- endmacro -%}
