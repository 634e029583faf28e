select a.place, b.place as other,
  {{ dbt_utils.haversine_distance('a.lat', 'a.lon', 'b.lat', 'b.lon') }} as miles,
  {{ dbt_utils.haversine_distance(lat1='a.lat', lon1='a.lon', lat2='b.lat', lon2='b.lon', unit='km') }} as kilometres
from {{ ref('places') }} a cross join {{ ref('places') }} b
