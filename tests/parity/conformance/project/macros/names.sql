{% macro generate_schema_name(custom_schema_name, node) -%}
  {%- if custom_schema_name is none -%}
    {{ target.schema }}
  {%- elif node.resource_type == 'seed' -%}
    {{ custom_schema_name | trim }}_data
  {%- else -%}
    {{ default__generate_schema_name(custom_schema_name, node) | trim | replace('main_', 'm_') }}
  {%- endif -%}
{%- endmacro %}

{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
  {%- set name = custom_alias_name or node.name -%}
  {%- if node.version and not custom_alias_name -%}
    {{ return(name ~ '_version_' ~ node.version) }}
  {%- endif -%}
  {{ name | trim }}
{%- endmacro %}
