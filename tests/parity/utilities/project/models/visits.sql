{% set found = dbt_utils.get_relations_by_pattern('events', 'visits_%', exclude='%_old') %}
{{ dbt_utils.union_relations(found) }}
