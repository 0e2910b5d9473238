-- Aggregate telemetry by app and day: all 30 days of one app, installs counted exactly.
select toDate(event_time) as day, count() as number, uniqExact(install_id) as installs
from {view:Identifier}
where app_id = {app:UUID}
  and event_time >= {start:DateTime64(3, 'UTC')}
  and event_time < {start:DateTime64(3, 'UTC')} + interval 30 day
group by day
order by day
