{% set found = dbt_utils.get_relations_by_prefix('events', 'visits_2') %}
{% for relation in found %}
select '{{ relation.schema }}' as schema_name, '{{ relation.identifier }}' as name, '{{ relation.type }}' as kind {{ 'union all' if not loop.last }}
{% endfor %}
