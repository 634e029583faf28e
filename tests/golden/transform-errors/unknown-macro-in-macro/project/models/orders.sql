select {{ cents('amount') }}
