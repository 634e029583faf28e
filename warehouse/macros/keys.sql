{#- An id is unique within its source only, so every key is made of both. -#}

{#- The key as text: source|id; NULL where the id is. -#}
{%- macro natural_key(source, id) -%}
    {{ source }} || '|' || {{ id }}
{%- endmacro -%}

{#- The key as BIGINT, positive and the same in every build: the first 15 hex digits of md5(source|id). -#}
{%- macro surrogate_key(source, id) -%}
    cast('0x' || substr(md5({{ natural_key(source, id) }}), 1, 15) as bigint)
{%- endmacro -%}
