{#- The shop's time zone, an IANA name. -#}
{%- macro shop_timezone() -%}
    {{ var('shop_timezone', env_var('SHOP_TIMEZONE', 'UTC')) }}
{%- endmacro -%}

{#- An instant (TIMESTAMPTZ) as the shop's wall clock shows it (TIMESTAMP). -#}
{%- macro shop_local(instant) -%}
    ({{ instant }} at time zone '{{ shop_timezone() }}')
{%- endmacro -%}

{#- The shop's calendar day of an instant (DATE). -#}
{%- macro shop_date(instant) -%}
    cast({{ shop_local(instant) }} as date)
{%- endmacro -%}

{#- A day as dim_date's key: yyyymmdd, INTEGER. -#}
{%- macro date_key(day) -%}
    cast(strftime({{ day }}, '%Y%m%d') as integer)
{%- endmacro -%}

{#- The day of such a key (DATE). -#}
{%- macro key_date(key) -%}
    cast(strptime(cast({{ key }} as varchar), '%Y%m%d') as date)
{%- endmacro -%}

{#- The first day of a day's month (DATE). -#}
{%- macro first_of_month(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro -%}

{#- An instant (TIMESTAMPTZ) as text of one form: UTC with microseconds, such as 2024-03-05T23:59:59.000000Z. -#}
{%- macro utc_text(instant) -%}
    strftime({{ instant }} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')
{%- endmacro -%}

{#- Each day from the first to the last, both included, in a select's list (DATE); no row where a bound is NULL. -#}
{%- macro each_day(first, last) -%}
    cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as date)
{%- endmacro -%}

{#- Day of the week of a day: 0 (Sunday) to 6 (Saturday), INTEGER. -#}
{%- macro day_of_week(day) -%}
    cast(dayofweek({{ day }}) as integer)
{%- endmacro -%}

{#- Whole seconds from one instant to a later one, what is left dropped (BIGINT). -#}
{%- macro whole_seconds(earlier, later) -%}
    date_sub('second', {{ earlier }}, {{ later }})
{%- endmacro -%}
