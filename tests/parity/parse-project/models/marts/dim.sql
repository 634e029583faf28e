select 1 as id, 'x' as name, 2 as extra, {{ uses_cents('3') }} as c
