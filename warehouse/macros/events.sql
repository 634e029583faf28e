{#- Click events: what their properties hold, and how orders and sessions are told apart. -#}

{#- A property as text, from the JSON object of a column (VARCHAR); NULL where it is absent, null or blank. -#}
{%- macro property_text(properties, name) -%}
    nullif(trim({{ json_text(properties, name) }}), '')
{%- endmacro -%}

{#- A property as a whole number of up to 18 digits (BIGINT); NULL where it is absent or anything else. -#}
{%- macro property_integer(properties, name) -%}
    {{ text_integer(property_text(properties, name)) }}
{%- endmacro -%}

{#-
    A session as text: source|user_id|session_id, for a session_id may come from several users and sources. A | within the
    user's id is written %7C, and % then %25, so that different sessions never look alike.
-#}
{%- macro session_key(source, user_id, session_id) -%}
    {{ natural_key(source, "replace(replace(" ~ user_id ~ ", '%', '%25'), '|', '%7C')") }} || '|' || {{ session_id }}
{%- endmacro -%}

{#- Events of a type, as an aggregate. -#}
{%- macro count_events(event_type) -%}
    {{ count_where("event_type = '" ~ event_type ~ "'") }}
{%- endmacro -%}

{#- The value of a column in the first event of a group, NULL where that has none, as an aggregate; equal instants are in the order of event_id. -#}
{%- macro of_first_event(column) -%}
    {{ first_value_by(column, ['event_timestamp', 'event_id']) }}
{%- endmacro -%}

{#- How far an event goes: 1 site, 2 product, 3 cart, 4 checkout, 5 purchase (INTEGER). Taking something out of a cart is no step. -#}
{%- macro event_depth() -%}
    case event_type
        when 'purchase' then 5
        when 'begin_checkout' then 4
        when 'add_to_cart' then 3
        when 'product_view' then 2
        else 1
    end
{%- endmacro -%}

{#- The stage of such a depth. -#}
{%- macro stage_name(depth) -%}
    case {{ depth }}
        when 1 then 'site'
        when 2 then 'product'
        when 3 then 'cart'
        when 4 then 'checkout'
        when 5 then 'purchase'
    end
{%- endmacro -%}
