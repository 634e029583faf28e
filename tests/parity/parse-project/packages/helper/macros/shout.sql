{% macro shout(x) %}{{ return(adapter.dispatch('shout', 'helper')(x)) }}{% endmacro %}
{% macro default__shout(x) %}upper({{ x }}){% endmacro %}
