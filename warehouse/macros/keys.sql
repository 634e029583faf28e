{#- An id is unique within its source only, so every key is made of both. -#}

{#- The key as text: source|id; NULL where the id is. -#}
{%- macro natural_key(source, id) -%}
    {{ source }} || '|' || {{ id }}
{%- endmacro -%}

{#- The key as BIGINT, positive and the same in every build: the first 15 hex digits of md5(source|id). -#}
{%- macro surrogate_key(source, id) -%}
    cast('0x' || substr(md5({{ natural_key(source, id) }}), 1, 15) as bigint)
{%- endmacro -%}

{#-
    The key of a version as BIGINT, positive and the same in every build: the first 15 hex digits of
    md5(source|id|observed_at of the snapshot that opens it, in UTC, such as 2024-03-05T23:59:59.000000Z).
-#}
{%- macro version_key(source, id, observed_at) -%}
    cast('0x' || substr(md5({{ natural_key(source, id) }} || '|' || {{ utc_text(observed_at) }}), 1, 15) as bigint)
{%- endmacro -%}
