{% if execute %}{{ exceptions.raise_compiler_error('this model is not to be built') }}{% endif %}
select 1 as x
