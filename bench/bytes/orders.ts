// The orders that are compared. Identity is app, session, client time and key, so each order ends with those
// of the four that it has not named yet; the month, the hour and the day follow from the client's time. An
// order that contains the event's name only requires that a second delivery brings the same name.

/**
 * The same expression as in `infra/clickhouse/migrations/0003_events.sql`; it is constant within a whole
 * part.
 */
const month = "if(client_time >= '2026-01-01' and client_time < '2041-01-01', toYYYYMM(client_time), 0)";

/** Name → the columns by which the table is ordered; null is the order of the running table. */
export const orders: Readonly<Record<string, string | null>> = {
  as_it_is: null,
  hour_name: `${month}, app_id, toStartOfHour(client_time), name, session_id, client_time, event_key`,
  hour_name_time: `${month}, app_id, toStartOfHour(client_time), name, client_time, session_id, event_key`,
  day_session: `${month}, app_id, toStartOfDay(client_time), session_id, client_time, event_key`,
  session: `${month}, app_id, session_id, client_time, event_key`,
  time: `${month}, app_id, client_time, session_id, event_key`,
};
