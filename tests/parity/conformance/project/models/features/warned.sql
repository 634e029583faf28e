{% if execute %}{% do exceptions.warn('a word of warning') %}{% endif %}
select {{ today() }} as day, {{ var('threshold') }} as threshold, '{{ env_var("CONFORMANCE_WORD", "unset") }}' as word
