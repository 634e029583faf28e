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
