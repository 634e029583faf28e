select answer + 1 as answer from {{ ref('secret_base') }}
