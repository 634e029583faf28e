{#- A macro with defaults, keyword arguments and a text of its own. -#}
{% macro cents_label(column, threshold=100, small='low', large='high') -%}
  case when {{ column }} / 100 < {{ threshold }} then '{{ small }}' else '{{ large }}' end
{%- endmacro %}

{% macro numbers_as_list(count) %}
  {% set found = [] %}
  {% for i in range(count) %}{% do found.append({'n': i, 'square': i * i}) %}{% endfor %}
  {{ return(found) }}
{% endmacro %}

{% macro gather() %}
  {%- set parts = [] -%}
  {%- for value in varargs %}{% do parts.append(value | string) %}{% endfor -%}
  {%- for key, value in kwargs.items() | sort %}{% do parts.append(key ~ '=' ~ value) %}{% endfor -%}
  {{ return(parts | join(' ')) }}
{% endmacro %}

{% macro wrapped(before='[', after=']') %}{{ before }}{{ caller('inner') | trim }}{{ after }}{% endmacro %}

{% macro factorial(n) %}{{ return(1 if n <= 1 else n * factorial(n - 1)) }}{% endmacro %}

{% macro early(n) %}
  {% if n > 2 %}{{ return('big') }}{% endif %}
  {% do return('small') %}
{% endmacro %}

{% macro no_return() %} just text {% endmacro %}

{% macro conformance__label() %}{{ return('the project own') }}{% endmacro %}

{% macro duckdb__label() %}{{ return('overridden by the project') }}{% endmacro %}

{% macro which() %}{{ return(adapter.dispatch('which')()) }}{% endmacro %}
{% macro default__which() %}{{ return('default') }}{% endmacro %}
{% macro duckdb__which() %}{{ return('duckdb') }}{% endmacro %}

{% macro literal(value) %}
  {%- if value is none -%}null::varchar
  {%- else -%}'{{ value | string | replace("'", "''") }}'
  {%- endif -%}
{% endmacro %}

{# The date that unit tests put something else in place of. #}
{% macro today() %}cast('2024-06-01' as date){% endmacro %}
