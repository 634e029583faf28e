select {{ cents('a') }}
