select * from {{ ref('fails_test') }}
