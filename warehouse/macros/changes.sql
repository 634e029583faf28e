{#-
    What an incremental model has to build again. The source pipeline.changed_keys names what loads touched since the rows
    were built that are there; without a row in it everything is built again. Rows that may have changed or gone are deleted
    in a pre-hook, in one transaction with the rows that come in their place.
-#}

{#- True where changed_keys names what has changed since the last build. While parsing it only says what it reads. -#}
{%- macro has_changed_keys() -%}
    {%- set changed_keys = source('pipeline', 'changed_keys') -%}
    {%- if not execute or load_relation(changed_keys) is none -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(run_query('select count(*) from ' ~ changed_keys).columns[0].values()[0] > 0) }}
{%- endmacro -%}

{#- True where the rows that are there stay but for those that changed_keys names. -#}
{%- macro is_increment() -%}
    {%- if execute and not is_incremental() -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(has_changed_keys()) }}
{%- endmacro -%}

{#- A select of the keys of a dataset that loads touched, as `key`. -#}
{%- macro changed_keys_of(dataset) -%}
    select key from {{ source('pipeline', 'changed_keys') }} where dataset = '{{ dataset }}'
{%- endmacro -%}

{#-
    The UTC days (YYYY-MM-DD, in order) whose events loads touched; none where changed_keys names nothing, so that all days
    are to be built. Asked for at once: each question is a statement.
-#}
{%- macro touched_event_days() -%}
    {%- set changed_keys = source('pipeline', 'changed_keys') -%}
    {%- if not execute or load_relation(changed_keys) is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set found -%}
        select changes.keys, days.key
        from (select count(*) as keys from {{ changed_keys }}) as changes
        left join (select distinct key from ({{ changed_keys_of('lake.events') }}) as touched) as days on 1 = 1
        order by days.key
    {%- endset -%}
    {%- set found = run_query(found) -%}
    {{ return(found.columns[1].values() | reject('none') | list if found.rows[0][0] > 0 else none) }}
{%- endmacro -%}

{#- The same for a model; none also where it is built whole. -#}
{%- macro changed_event_days() -%}
    {{ return(touched_event_days() if not execute or is_incremental() else none) }}
{%- endmacro -%}

{#-
    The same for a test of events; none where those of all days are to be tested. In a build that keeps rows, the events of
    all other days are those of the build before, whose tests have passed.
-#}
{%- macro event_days_to_test() -%}
    {%- set keeps_rows = flags.WHICH == 'build' and not flags.FULL_REFRESH -%}
    {{ return(touched_event_days() if not execute or keeps_rows else none) }}
{%- endmacro -%}

{#- Days in order (YYYY-MM-DD) as pairs of the first and the last of those that follow each other. -#}
{%- macro spans_of(days) -%}
    {%- set spans = [] -%}
    {%- for day in days -%}
        {%- set day_before = modules.datetime.date.fromisoformat(day) - modules.datetime.timedelta(days=1) -%}
        {%- if spans and spans[-1][1] == day_before.isoformat() -%}
            {%- do spans.append([spans.pop()[0], day]) -%}
        {%- else -%}
            {%- do spans.append([day, day]) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(spans) }}
{%- endmacro -%}

{#- The first instant of a UTC day, and the last. -#}
{%- macro utc_day_start(day) -%}
    timestamp with time zone '{{ day }} 00:00:00+00:00'
{%- endmacro -%}

{%- macro utc_day_end(day) -%}
    timestamp with time zone '{{ day }} 23:59:59.999999+00:00'
{%- endmacro -%}

{#- Whether a shop's day has an hour in common with one of these UTC days; of three, when the one between is short. -#}
{%- macro is_touched_day(day, utc_days) -%}
    (
        1 = 0
        {%- for first, last in spans_of(utc_days) %}
        or {{ day }} between {{ shop_date(utc_day_start(first)) }} and {{ shop_date(utc_day_end(last)) }}
        {%- endfor %}
    )
{%- endmacro -%}

{#- Whether a span of the shop's days has one that is_touched_day. -#}
{%- macro is_touched_span(first_day, last_day, utc_days) -%}
    (
        1 = 0
        {%- for first, last in spans_of(utc_days) %}
        or (
            {{ first_day }} <= {{ shop_date(utc_day_end(last)) }}
            and {{ last_day }} >= {{ shop_date(utc_day_start(first)) }}
        )
        {%- endfor %}
    )
{%- endmacro -%}

{#- Whether an event's instant is on these days or near them: a day more on either side, as the shop's days reach beyond UTC's. -#}
{%- macro is_event_near(first_day, last_day) -%}
    event_timestamp >= {{ utc_day_start(first_day) }} - interval '24' hour
    and event_timestamp <= {{ utc_day_end(last_day) }} + interval '24' hour
{%- endmacro -%}

{#- is_touched_day of an event; the bounds of its instant let DuckDB skip files. -#}
{%- macro is_touched_event(utc_days) -%}
    {{ is_touched_day('event_date', utc_days) }}
    {%- if utc_days %}
        and {{ is_event_near(utc_days | first, utc_days | last) }}
    {%- endif %}
{%- endmacro -%}

{#- Whether a day is in a span of the shop's days, both included (YYYY-MM-DD); none is in a span without days. -#}
{%- macro is_day_of_span(day, span) -%}
    {%- if span[0] is none -%}
        1 = 0
    {%- else -%}
        {{ day }} between date '{{ span[0] }}' and date '{{ span[1] }}'
    {%- endif -%}
{%- endmacro -%}

{#- The same of an event; the bounds of its instant let DuckDB skip files. -#}
{%- macro is_event_of_span(span) -%}
    {{ is_day_of_span('event_date', span) }}
    {%- if span[0] is not none %}
        and {{ is_event_near(span[0], span[1]) }}
    {%- endif %}
{%- endmacro -%}

{#- Pre-hook of a model of one row or more per day, `date`: deletes the days to be built again. -#}
{%- macro delete_touched_days() -%}
    {%- if is_incremental() -%}
        {%- set days = changed_event_days() -%}
        delete from {{ this }}{% if days is not none %} where {{ is_touched_day('date', days) }}{% endif %}
    {%- endif -%}
{%- endmacro -%}

{#- A select of the sessions that have an event on a touched day now, as `source`, `user_id` and `session_id`. -#}
{%- macro sessions_of_touched_days(days) -%}
    select source, user_id, session_id from {{ ref('int_session_days') }} where {{ is_touched_day('date', days) }}
{%- endmacro -%}

{#- The same by their session_natural_key. -#}
{%- macro session_keys_of_touched_days(days) -%}
    select {{ session_key('source', 'user_id', 'session_id') }} from ({{ sessions_of_touched_days(days) }}) as touched
{%- endmacro -%}

{#- Whether a session of int_sessions had an event on a touched day. -#}
{%- macro was_session_touched(days) -%}
    (
        1 = 0
        {%- for first, last in spans_of(days) %}
        or (session_start <= {{ utc_day_end(last) }} and session_end >= {{ utc_day_start(first) }})
        {%- endfor %}
    )
{%- endmacro -%}

{#- The same of a row of int_user_journey. -#}
{%- macro was_journey_touched(days) -%}
    session_natural_key in (select session_natural_key from {{ this }} where {{ is_touched_day('date', days) }})
{%- endmacro -%}

{#- The same of a row of int_product_sessions. -#}
{%- macro was_product_session_touched(days) -%}
    {{ is_touched_span('first_date', 'last_date', days) }}
{%- endmacro -%}

{#- Pre-hook of int_sessions: deletes sessions that had an event on a touched day, or have one now. -#}
{%- macro delete_touched_sessions() -%}
    {%- if is_incremental() -%}
        {%- set days = changed_event_days() -%}
        delete from {{ this }}
        {%- if days is not none %}
        where session_natural_key in ({{ session_keys_of_touched_days(days) }}) or {{ was_session_touched(days) }}
        {%- endif %}
    {%- endif -%}
{%- endmacro -%}

{#- Pre-hook of int_user_journey: the same, with all their days. -#}
{%- macro delete_touched_journeys() -%}
    {%- if is_incremental() -%}
        {%- set days = changed_event_days() -%}
        delete from {{ this }}
        {%- if days is not none %}
        where session_natural_key in ({{ session_keys_of_touched_days(days) }}) or {{ was_journey_touched(days) }}
        {%- endif %}
    {%- endif -%}
{%- endmacro -%}

{#- Pre-hook of int_product_sessions: the same, with all their products. -#}
{%- macro delete_touched_product_sessions() -%}
    {%- if is_incremental() -%}
        {%- set days = changed_event_days() -%}
        delete from {{ this }}
        {%- if days is not none %}
        where
            (source, user_id, session_id) in ({{ sessions_of_touched_days(days) }})
            or {{ was_product_session_touched(days) }}
        {%- endif %}
    {%- endif -%}
{%- endmacro -%}

{#-
    The first and the last of the shop's days on which the sessions that a pre-hook deletes have events now, or a longer
    span; none where all sessions are to be built. Those that have none on a touched day any more have their events within
    the days that they had, so this is asked for before the pre-hook runs. The arguments are the first and the last day of
    a model's rows, as aggregates, and which of them had an event on a touched day.
-#}
{%- macro span_of_touched(days, first_date, last_date, was_touched) -%}
    {%- set span -%}
        select
            cast(min(first_date) as varchar) as first_date,
            cast(max(last_date) as varchar) as last_date
        from (
            select
                min(date) as first_date,
                max(date) as last_date
            from {{ ref('int_session_days') }}
            where (source, user_id, session_id) in ({{ sessions_of_touched_days(days) }})
            union all
            select
                {{ first_date }} as first_date,
                {{ last_date }} as last_date
            from {{ this }}
            where {{ was_touched }}
        ) as spans
    {%- endset -%}
    {{ return(run_query(span).rows[0].values() | list) }}
{%- endmacro -%}

{#- This span for int_sessions. -#}
{%- macro span_of_sessions() -%}
    {%- set days = changed_event_days() -%}
    {%- set span = [shop_date('min(session_start)'), shop_date('max(session_end)')] -%}
    {{ return(span_of_touched(days, span[0], span[1], was_session_touched(days)) if days is not none else none) }}
{%- endmacro -%}

{#- This span for int_user_journey. -#}
{%- macro span_of_journeys() -%}
    {%- set days = changed_event_days() -%}
    {{ return(span_of_touched(days, 'min(date)', 'max(date)', was_journey_touched(days)) if days is not none else none) }}
{%- endmacro -%}

{#- This span for int_product_sessions. -#}
{%- macro span_of_product_sessions() -%}
    {%- set days = changed_event_days() -%}
    {{ return(
        span_of_touched(days, 'min(first_date)', 'max(last_date)', was_product_session_touched(days))
        if days is not none else none
    ) }}
{%- endmacro -%}

{#- A select of the sessions that a model keeps, as `source`, `user_id` and `session_id`; none where it is built whole. -#}
{%- macro kept_sessions() -%}
    {%- if not is_incremental() -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return('select source, user_id, session_id from ' ~ this) }}
{%- endmacro -%}

{#- A select of the rows of int_session_days, within a span if there is one, that belong to other sessions than those kept. -#}
{%- macro session_days_to_build(kept, span) -%}
    select * from {{ ref('int_session_days') }} as days
    where
        1 = 1
        {%- if span is not none %}
        and {{ is_day_of_span('date', span) }}
        {%- endif %}
        {%- if kept is not none %}
        and not exists (
            select 1
            from ({{ kept }}) as kept
            where kept.source = days.source and kept.user_id = days.user_id and kept.session_id = days.session_id
        )
        {%- endif %}
{%- endmacro -%}

{#-
    A select of the transactions to be built again, as `transaction_natural_key`: those that loads touched, and those whose
    customer or product they touched, for it may have other versions now.
-#}
{%- macro touched_transactions() -%}
    select key as transaction_natural_key
    from ({{ changed_keys_of('production.transactions') }}) as touched
    union
    select transaction_natural_key
    from {{ ref('stg_transactions') }}
    where customer_natural_key in ({{ changed_keys_of('production.customers') }})
    union
    select transaction_natural_key
    from {{ ref('stg_transaction_items') }}
    where product_natural_key in ({{ changed_keys_of('production.products') }})
{%- endmacro -%}

{#- Pre-hook of fact_sales and int_transactions: deletes what is of these transactions. -#}
{%- macro delete_touched_transactions(transaction_natural_key) -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        {%- if is_increment() %}
        where {{ transaction_natural_key }} in ({{ touched_transactions() }})
        {%- endif %}
    {%- endif -%}
{%- endmacro -%}
