select "Some Column" as some_column, "order" as word from {{ source('raw', 'odd') }}
