-- One day of one app by hour, events of one name.
select toStartOfHour(event_time) as hour, count() as number, uniqExact(session_id) as sessions
from {view:Identifier}
where app_id = {app:UUID}
  and name = {name:String}
  and event_time >= {start:DateTime64(3, 'UTC')} + interval 12 day
  and event_time < {start:DateTime64(3, 'UTC')} + interval 13 day
group by hour
order by hour
