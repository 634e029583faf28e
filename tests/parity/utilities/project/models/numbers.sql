{{ dbt_utils.generate_series(37) }}
