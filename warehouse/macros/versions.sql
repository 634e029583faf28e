{#-
    Versions of customers and products. A model that uses these names a window by_observation: the rows of one id in the
    order of observed_at.
-#}

{#- True on a row that opens a version: the first of its id, or one that differs in a column from the row before. -#}
{%- macro opens_version(columns) -%}
    lag(observed_at) over by_observation is null
    {%- for column in columns %}
        or {{ column }} is distinct from lag({{ column }}) over by_observation
    {%- endfor %}
{%- endmacro -%}

{#- The instant from which the first version of an id holds. -#}
{%- macro since_ever() -%}
    timestamp with time zone '1900-01-01 00:00:00+00:00'
{%- endmacro -%}

{#- The instant until which the last version of an id holds. -#}
{%- macro for_ever() -%}
    timestamp with time zone '9999-12-31 00:00:00+00:00'
{%- endmacro -%}
