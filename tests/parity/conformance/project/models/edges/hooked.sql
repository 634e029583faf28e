{{ config(
  materialized='table',
  pre_hook=[before_begin("insert into audit.runs values ('begin', 'before')"), in_transaction("insert into audit.runs values ('begin', 'within')")],
  post_hook=["insert into audit.runs select 'reads', count(*)::varchar from {{ ref('stg_events') }}", after_commit("insert into audit.runs values ('commit', '{{ this.identifier }}')")]
) }}
-- {{ 'a comment that is kept' }}
select count(*) as n from {{ ref('stg_events') }}
