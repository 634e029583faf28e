{#- Click events: what their properties hold, and how orders and sessions are told apart. -#}

{#- A property as text, from the JSON object of a column (VARCHAR); NULL where it is absent, null or blank. -#}
{%- macro property_text(properties, name) -%}
    nullif(trim({{ properties }} ->> '$.{{ name }}'), '')
{%- endmacro -%}

{#- A property as a whole number of up to 18 digits (BIGINT); NULL where it is absent or anything else. -#}
{%- macro property_integer(properties, name) -%}
    cast(nullif(regexp_extract({{ property_text(properties, name) }}, '^-?[0-9]{1,18}$'), '') as bigint)
{%- endmacro -%}

{#-
    A session as text: source|user_id|session_id, for a session_id may come from several users and sources. A | within the
    user's id is written %7C, and % then %25, so that different sessions never look alike.
-#}
{%- macro session_key(source, user_id, session_id) -%}
    {{ natural_key(source, "replace(replace(" ~ user_id ~ ", '%', '%25'), '|', '%7C')") }} || '|' || {{ session_id }}
{%- endmacro -%}

{#- How many orders purchase events make, as an aggregate: those of one order_id are one, one without is one by itself. -#}
{%- macro count_orders() -%}
    count(distinct {{ natural_key('source', "coalesce('order|' || order_id, 'event|' || event_id)") }})
        filter (where event_type = 'purchase')
{%- endmacro -%}

{#- Events of a type, as an aggregate. -#}
{%- macro count_events(event_type) -%}
    count(*) filter (where event_type = '{{ event_type }}')
{%- endmacro -%}

{#- The value of a column in the first event of a group, NULL where that has none, as an aggregate; equal instants are in the order of event_id. -#}
{%- macro of_first_event(column) -%}
    arg_min_null({{ column }}, row(event_timestamp, event_id))
{%- endmacro -%}
