select store_id, seen_at from {{ source('web', 'visits') }}
