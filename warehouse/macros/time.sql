{#- Instants, the shop's days, and what calendars say of them. -#}

{#- The shop's time zone, an IANA name. -#}
{%- macro shop_timezone() -%}
    {{ var('shop_timezone', env_var('SHOP_TIMEZONE', 'UTC')) }}
{%- endmacro -%}

{#- An instant (TIMESTAMPTZ) as the wall clock of a zone shows it (TIMESTAMP). -#}
{%- macro local_time(instant, timezone) -%}
    {{ return(adapter.dispatch('local_time', 'millrace')(instant, timezone)) }}
{%- endmacro -%}

{%- macro default__local_time(instant, timezone) -%}
    cast(({{ instant }}) at time zone '{{ timezone }}' as timestamp)
{%- endmacro -%}

{#- UTC is counted: it takes a tenth of the time in which a zone's clock is looked up. -#}
{%- macro duckdb__local_time(instant, timezone) -%}
    {%- if timezone == 'UTC' -%}
        make_timestamp(epoch_us({{ instant }}))
    {%- else -%}
        (({{ instant }}) at time zone '{{ timezone }}')
    {%- endif -%}
{%- endmacro -%}

{#- An instant (TIMESTAMPTZ) as the shop's wall clock shows it (TIMESTAMP). -#}
{%- macro shop_local(instant) -%}
    {{ local_time(instant, shop_timezone()) }}
{%- endmacro -%}

{#- The shop's calendar day of an instant (DATE). -#}
{%- macro shop_date(instant) -%}
    cast({{ shop_local(instant) }} as date)
{%- endmacro -%}

{#- A day as dim_date's key: yyyymmdd, INTEGER. -#}
{%- macro date_key(day) -%}
    cast(
        10000 * extract(year from {{ day }}) + 100 * extract(month from {{ day }}) + extract(day from {{ day }}) as integer
    )
{%- endmacro -%}

{#- The day of such a key (DATE). -#}
{%- macro key_date(key) -%}
    {{ return(adapter.dispatch('key_date', 'millrace')(key)) }}
{%- endmacro -%}

{%- macro default__key_date(key) -%}
    {%- set digits = 'cast(' ~ key ~ ' as varchar(8))' -%}
    cast(
        substring({{ digits }} from 1 for 4) || '-' || substring({{ digits }} from 5 for 2) || '-'
            || substring({{ digits }} from 7 for 2) as date
    )
{%- endmacro -%}

{%- macro duckdb__key_date(key) -%}
    make_date({{ key }} // 10000, {{ key }} // 100 % 100, {{ key }} % 100)
{%- endmacro -%}

{#- The day so many days after another, before it for a negative number (DATE). -#}
{%- macro add_days(day, days) -%}
    cast({{ day }} + interval '{{ days }}' day as date)
{%- endmacro -%}

{#- Days from one day to a later one (BIGINT). -#}
{%- macro days_between(earlier, later) -%}
    {{ return(adapter.dispatch('days_between', 'millrace')(earlier, later)) }}
{%- endmacro -%}

{%- macro default__days_between(earlier, later) -%}
    cast(extract(day from ({{ later }} - {{ earlier }}) day(7)) as bigint)
{%- endmacro -%}

{%- macro duckdb__days_between(earlier, later) -%}
    date_diff('day', {{ earlier }}, {{ later }})
{%- endmacro -%}

{#- The first day of a day's month (DATE). -#}
{%- macro first_of_month(day) -%}
    {{ return(adapter.dispatch('first_of_month', 'millrace')(day)) }}
{%- endmacro -%}

{%- macro default__first_of_month(day) -%}
    cast({{ day }} - (extract(day from {{ day }}) - 1) * interval '1' day as date)
{%- endmacro -%}

{%- macro duckdb__first_of_month(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro -%}

{#- The last day of a day's year (DATE). -#}
{%- macro last_of_year(day) -%}
    cast(cast(extract(year from {{ day }}) as varchar(4)) || '-12-31' as date)
{%- endmacro -%}

{#- Calendar months from one day's month to that of a later day (BIGINT). -#}
{%- macro months_between(earlier, later) -%}
    12 * (extract(year from {{ later }}) - extract(year from {{ earlier }}))
        + extract(month from {{ later }}) - extract(month from {{ earlier }})
{%- endmacro -%}

{#- An instant (TIMESTAMPTZ) as text of one form: UTC with microseconds, such as 2024-03-05T23:59:59.000000Z. -#}
{%- macro utc_text(instant) -%}
    {{ return(adapter.dispatch('utc_text', 'millrace')(instant)) }}
{%- endmacro -%}

{%- macro default__utc_text(instant) -%}
    {%- set text = 'cast(cast(' ~ local_time(instant, 'UTC') ~ ' as timestamp(6)) as varchar(26))' -%}
    substring({{ text }} from 1 for 10) || 'T' || substring({{ text }} from 12 for 15) || 'Z'
{%- endmacro -%}

{%- macro duckdb__utc_text(instant) -%}
    strftime({{ local_time(instant, 'UTC') }}, '%Y-%m-%dT%H:%M:%S.%fZ')
{%- endmacro -%}

{#-
    A select of each day from the first to the last, both included, as `date`. The bounds are columns of a relation of one
    row; no row where a bound is NULL.
-#}
{%- macro each_day(relation, first, last) -%}
    {{ return(adapter.dispatch('each_day', 'millrace')(relation, first, last)) }}
{%- endmacro -%}

{%- macro default__each_day(relation, first, last) -%}
    with recursive series (date, last_date) as (
        select {{ first }}, {{ last }} from {{ relation }} where {{ first }} <= {{ last }}
        union all
        select {{ add_days('date', 1) }}, last_date from series where date < last_date
    )

    select date from series
{%- endmacro -%}

{%- macro duckdb__each_day(relation, first, last) -%}
    select cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as date) as date from {{ relation }}
{%- endmacro -%}

{#- Day of the week of a day: 0 (Sunday) to 6 (Saturday), INTEGER. -#}
{%- macro day_of_week(day) -%}
    {{ return(adapter.dispatch('day_of_week', 'millrace')(day)) }}
{%- endmacro -%}

{#- Counted from a Sunday before all days that occur. -#}
{%- macro default__day_of_week(day) -%}
    cast(mod({{ days_between("date '1899-12-31'", 'cast(' ~ day ~ ' as date)') }}, 7) as integer)
{%- endmacro -%}

{%- macro duckdb__day_of_week(day) -%}
    cast(dayofweek({{ day }}) as integer)
{%- endmacro -%}

{#- ISO week of a day, 1 to 53, INTEGER. -#}
{%- macro iso_week(day) -%}
    {{ return(adapter.dispatch('iso_week', 'millrace')(day)) }}
{%- endmacro -%}

{#- A week belongs to the year of its Thursday. -#}
{%- macro default__iso_week(day) -%}
    {%- set thursday = 'cast(' ~ day ~ ' + (3 - mod(' ~ day_of_week(day) ~ " + 6, 7)) * interval '1' day as date)" -%}
    {%- set new_year = 'cast(cast(extract(year from ' ~ thursday ~ ") as varchar(4)) || '-01-01' as date)" -%}
    cast(1 + floor({{ days_between(new_year, thursday) }} / 7) as integer)
{%- endmacro -%}

{%- macro duckdb__iso_week(day) -%}
    cast(weekofyear({{ day }}) as integer)
{%- endmacro -%}

{#- A day's month in English. -#}
{%- macro month_name(day) -%}
    {%- set names = [
        'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November',
        'December'
    ] -%}
    case extract(month from {{ day }})
        {%- for name in names %}
        when {{ loop.index }} then '{{ name }}'
        {%- endfor %}
    end
{%- endmacro -%}

{#- A day's weekday in English. -#}
{%- macro day_name(day) -%}
    {%- set names = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] -%}
    case {{ day_of_week(day) }}
        {%- for name in names %}
        when {{ loop.index0 }} then '{{ name }}'
        {%- endfor %}
    end
{%- endmacro -%}

{#- Whole seconds from one instant to a later one, what is left dropped (BIGINT). -#}
{%- macro whole_seconds(earlier, later) -%}
    {{ return(adapter.dispatch('whole_seconds', 'millrace')(earlier, later)) }}
{%- endmacro -%}

{%- macro default__whole_seconds(earlier, later) -%}
    {%- set span = '((' ~ later ~ ') - (' ~ earlier ~ ')) day(7) to second' -%}
    cast(
        86400 * extract(day from {{ span }}) + 3600 * extract(hour from {{ span }}) + 60 * extract(minute from {{ span }})
            + floor(extract(second from {{ span }})) as bigint
    )
{%- endmacro -%}

{%- macro duckdb__whole_seconds(earlier, later) -%}
    date_sub('second', {{ earlier }}, {{ later }})
{%- endmacro -%}
