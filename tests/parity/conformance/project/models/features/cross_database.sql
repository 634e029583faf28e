{{ config(materialized='table') }}
{# The macros that dbt has for what databases write differently, each with a value. -#}
with words as (select 'a-b' as word, 'x' as mark, true as truth, date '2024-02-10' as day union all select 'c-d', 'x', false, date '2024-03-11')
select
  mark,
  {{ dateadd('day', 1, "cast('2024-01-01' as date)") }} as added,
  {{ dbt.dateadd('month', -2, 'min(day)') }} as months,
  {{ datediff("cast('2024-01-01' as date)", "cast('2024-02-01' as date)", 'day') }} as days,
  {{ datediff("timestamp '2024-01-01 10:00:00'", "timestamp '2024-01-02 09:00:00'", 'hour') }} as hours,
  {{ date_trunc('month', 'max(day)') }} as month,
  {{ last_day('max(day)', 'month') }} as last_of_month,
  {{ last_day('max(day)', 'quarter') }} as last_of_quarter,
  {{ concat(["'a'", 'mark', "'c'"]) }} as joined,
  {{ safe_cast("'7'", type_int()) }} as not_cast,
  {{ hash('mark') }} as hashed,
  {{ listagg('word', "'; '", 'order by word desc') }} as words,
  {{ listagg('word', "','", 'order by word', 1) }} as first_word,
  {{ bool_or('truth') }} as any_truth,
  {{ any_value('mark') }} as any_mark,
  {{ split_part("'a-b-c'", "'-'", 2) }} as second_part,
  {{ split_part("'a-b-c'", "'-'", -1) }} as last_part,
  {{ string_literal("it is") }} as literal,
  '{{ escape_single_quotes("it's") }}' as escaped,
  {{ position("'b'", "'abc'") }} as place,
  {{ right("'abc'", 2) }} as end_of_it,
  {{ length("'abc'") }} as size,
  {{ replace("'abc'", "'b'", "'x'") }} as replaced,
  {{ array_construct([1, 2]) }} as list,
  {{ array_append(array_construct([1, 2]), 3) }} as longer,
  {{ array_concat(array_construct([1]), array_construct([2])) }} as both_lists,
  {{ cast_bool_to_text('bool_and(truth)') }} as truth_text,
  {{ cast("'5'", type_bigint()) }} as big,
  cast('1' as {{ type_float() }}) as float_value,
  cast('1' as {{ type_numeric() }}) as numeric_value,
  cast('x' as {{ type_string() }}) as text_value,
  cast('2024-01-01' as {{ type_timestamp() }}) as time_value,
  cast('true' as {{ type_boolean() }}) as truth_value
from words
group by mark
