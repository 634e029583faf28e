{#- An id is unique within its source only, so every key is made of both. -#}

{#- The key as text: source|id; NULL where the id is. -#}
{%- macro natural_key(source, id) -%}
    {{ source }} || '|' || {{ id }}
{%- endmacro -%}

{#- The key as BIGINT, positive and the same in every build: the first 15 hex digits of md5(source|id). -#}
{%- macro surrogate_key(source, id) -%}
    {{ hash_key(natural_key(source, id)) }}
{%- endmacro -%}

{#-
    The key of a version as BIGINT, positive and the same in every build: the first 15 hex digits of
    md5(source|id|observed_at of the snapshot that opens it, in UTC, such as 2024-03-05T23:59:59.000000Z).
-#}
{%- macro version_key(source, id, observed_at) -%}
    {{ hash_key(natural_key(source, id) ~ " || '|' || " ~ utc_text(observed_at)) }}
{%- endmacro -%}

{#- The first 15 hex digits of a text's md5 as BIGINT. -#}
{%- macro hash_key(text) -%}
    {{ return(adapter.dispatch('hash_key', 'millrace')(text)) }}
{%- endmacro -%}

{#- Digit by digit, with an md5 that gives lower-case hex as text. -#}
{%- macro default__hash_key(text) -%}
    (
        {%- for place in range(15) %}
        {{ '+ ' if not loop.first }}{{ 16 ** (14 - place) }} * cast(position(substring(md5({{ text }}) from {{ place + 1 }} for 1) in '0123456789abcdef') - 1 as bigint)
        {%- endfor %}
    )
{%- endmacro -%}

{%- macro duckdb__hash_key(text) -%}
    cast('0x' || substr(md5({{ text }}), 1, 15) as bigint)
{%- endmacro -%}
