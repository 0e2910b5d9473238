-- Time-range query on events: the first hundred of one hour of one app, with all that they brought.
select event_time, name, kind, session_id, install_id, version_code, os, device_model, duration_ms, properties
from {view:Identifier}
where app_id = {app:UUID}
  and event_time >= {start:DateTime64(3, 'UTC')} + interval 300 hour
  and event_time < {start:DateTime64(3, 'UTC')} + interval 301 hour
order by event_time
limit 100
