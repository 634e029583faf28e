{#- What databases do differently with text and JSON. -#}

{#- A member of the JSON object in a VARCHAR as text; NULL where it is absent or null. -#}
{%- macro json_text(object, name) -%}
    {{ return(adapter.dispatch('json_text', 'millrace')(object, name)) }}
{%- endmacro -%}

{%- macro default__json_text(object, name) -%}
    json_value({{ object }}, '$.{{ name }}')
{%- endmacro -%}

{%- macro duckdb__json_text(object, name) -%}
    {{ object }} ->> '$.{{ name }}'
{%- endmacro -%}

{#- A text that is a whole number of up to 18 digits as BIGINT; NULL where it is anything else. -#}
{%- macro text_integer(text) -%}
    {{ return(adapter.dispatch('text_integer', 'millrace')(text)) }}
{%- endmacro -%}

{%- macro default__text_integer(text) -%}
    case when {{ text }} like_regex '^-?[0-9]{1,18}$' then cast({{ text }} as bigint) end
{%- endmacro -%}

{%- macro duckdb__text_integer(text) -%}
    cast(nullif(regexp_extract({{ text }}, '^-?[0-9]{1,18}$'), '') as bigint)
{%- endmacro -%}
