{{ config(meta={'a': 1}) }}
select '{{ var("greeting") }}' as greeting, {{ helper.shout("'x'") }} as y
