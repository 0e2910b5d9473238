// The orders that are compared. Identity is app, session, client time and key, so each of them ends with what
// it has not named of these; the month, the hour and the day follow from the client's time. That an event's
// name is part of one of them only asks that a second delivery brings the same name.

/** As in `infra/clickhouse/migrations/0003_events.sql`: the same in a whole part. */
const month = "if(client_time >= '2026-01-01' and client_time < '2041-01-01', toYYYYMM(client_time), 0)";

/** Name → what the table is ordered by; null is the order that the running table has. */
export const orders: Readonly<Record<string, string | null>> = {
  as_it_is: null,
  hour_name: `${month}, app_id, toStartOfHour(client_time), name, session_id, client_time, event_key`,
  hour_name_time: `${month}, app_id, toStartOfHour(client_time), name, client_time, session_id, event_key`,
  day_session: `${month}, app_id, toStartOfDay(client_time), session_id, client_time, event_key`,
  session: `${month}, app_id, session_id, client_time, event_key`,
  time: `${month}, app_id, client_time, session_id, event_key`,
};
