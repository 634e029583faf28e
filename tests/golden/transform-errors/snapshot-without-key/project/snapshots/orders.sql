{% snapshot orders %}
{{ config(strategy='timestamp', updated_at='at') }}
select 1
{% endsnapshot %}
