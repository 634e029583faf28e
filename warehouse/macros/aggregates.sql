{#- Aggregates over some of a group's rows, and over their order. -#}

{#- Rows of which a condition holds (BIGINT). -#}
{%- macro count_where(condition) -%}
    count(case when {{ condition }} then 1 end)
{%- endmacro -%}

{#- Sum over the rows of which a condition holds; 0 without one. -#}
{%- macro sum_where(value, condition) -%}
    coalesce(sum(case when {{ condition }} then {{ value }} end), 0)
{%- endmacro -%}

{#- A column's value in the first row of a group, NULL where that row has none. The order is that of columns without NULL. -#}
{%- macro first_value_by(column, order) -%}
    {{ return(adapter.dispatch('first_value_by', 'millrace')(column, order)) }}
{%- endmacro -%}

{%- macro default__first_value_by(column, order) -%}
    (array_agg({{ column }} order by {{ order | join(', ') }}))[1]
{%- endmacro -%}

{%- macro duckdb__first_value_by(column, order) -%}
    arg_min_null({{ column }}, row({{ order | join(', ') }}))
{%- endmacro -%}

{#- The median as DOUBLE PRECISION; the mean of the two in the middle of an even number. -#}
{%- macro median_of(value) -%}
    percentile_cont(0.5) within group (order by cast({{ value }} as double precision))
{%- endmacro -%}
