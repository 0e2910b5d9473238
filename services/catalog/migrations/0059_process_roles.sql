-- Up Migration
-- The relay and webhooks connect as roles of their own. Both work on the rows of everybody, so they have
-- policies of their own beside grants, which name the columns of their statements. A new column that one of
-- these processes reads or writes needs a grant in its migration. Roles belong to the whole server and may
-- be there already.
do $$
declare
  process text;
begin
  foreach process in array array['mosis_relay', 'mosis_webhooks'] loop
    begin
      execute format('create role %I nologin', process);
    exception when duplicate_object or unique_violation then
      null;
    end;
  end loop;
end
$$;

-- Whoever sets `mosis.tenant` to `*` would have all that a policy for everybody's tenants lets pass.
alter policy of_tenant on outbox to mosis_api;
alter policy of_tenant on apps to mosis_api;
alter policy of_tenant on api_keys to mosis_api;
alter policy of_tenant on telemetry_restrictions to mosis_api;
alter policy of_tenant on webhooks to mosis_api;
alter policy of_tenant on webhook_deliveries to mosis_api;

-- The relay publishes the outbox and forgets what was published.
grant select, delete on outbox to mosis_relay;
create policy of_relay on outbox for select to mosis_relay using (true);
create policy of_relay_published on outbox for delete to mosis_relay using (true);
grant select (position),
  insert (position, id, aggregate_type, aggregate_id, type, payload, created_at, developer_id, topic,
          record_key, transaction_id, reason)
  on outbox_quarantine to mosis_relay;
-- It publishes states again, which the trigger of the outbox writes. It makes no audit event.
grant select (id, developer_id) on apps to mosis_relay;
create policy of_relay on apps for select to mosis_relay using (true);
grant select (id, developer_id, disabled, last_used_at), update (last_used_at) on api_keys to mosis_relay;
create policy of_relay on api_keys for select to mosis_relay using (true);
-- When telemetry has seen a key in use.
create policy of_relay_uses on api_keys for update to mosis_relay using (true);
grant select (id, developer_id, created_by) on telemetry_restrictions to mosis_relay;
create policy of_relay on telemetry_restrictions for select to mosis_relay using (true);
grant insert (id, aggregate_type, aggregate_id, type, developer_id, topic, record_key)
  on outbox to mosis_relay;
create policy of_relay_states on outbox for insert to mosis_relay
  with check (topic in ('catalog.apps', 'catalog.keys', 'catalog.restrictions'));
-- `select` too: after a restore it raises the position.
grant select, usage, update on sequence outbox_position to mosis_relay;
grant select (is_only_row, signing_key, completed_at), insert (signing_key, completed_at),
  update (signing_key, completed_at) on state_publications to mosis_relay;
-- It makes a delivery of each audit event for each webhook that asks for it, and sees no secret or address.
grant select (id, developer_id, event_types, disabled_at, quarantined_at) on webhooks to mosis_relay;
create policy of_relay on webhooks for select to mosis_relay using (true);
grant select (webhook_id, event_id), insert (id, developer_id, webhook_id, event_id, type, event)
  on webhook_deliveries to mosis_relay;
create policy of_relay on webhook_deliveries for select to mosis_relay using (true);
create policy of_relay_events on webhook_deliveries for insert to mosis_relay with check (true);

-- Webhooks sends deliveries and writes down how it went. It makes none, and forgets those that have ended.
grant select,
  update (status, attempts, next_attempt_at, last_attempt_at, response_status, duration_ms, error), delete
  on webhook_deliveries to mosis_webhooks;
create policy of_webhooks on webhook_deliveries for select to mosis_webhooks using (true);
create policy of_webhooks_attempts on webhook_deliveries for update to mosis_webhooks using (true);
create policy of_webhooks_ended on webhook_deliveries for delete to mosis_webhooks
  using (status <> 'pending');
grant select,
  update (failing_since, disabled_at, disabled_reason, updated_at, previous_secret, previous_secret_until)
  on webhooks to mosis_webhooks;
create policy of_webhooks on webhooks for select to mosis_webhooks using (true);
create policy of_webhooks_health on webhooks for update to mosis_webhooks using (true);
-- It reports that it has disabled one, and nothing else.
grant insert (id, aggregate_type, aggregate_id, type, payload, developer_id, topic, record_key)
  on outbox to mosis_webhooks;
create policy of_webhooks on outbox for insert to mosis_webhooks
  with check (topic = 'audit.events' and type = 'webhook.disabled');
grant usage on sequence outbox_position to mosis_webhooks;

-- Down Migration
drop policy of_webhooks on outbox;
drop policy of_webhooks_health on webhooks;
drop policy of_webhooks on webhooks;
drop policy of_webhooks_ended on webhook_deliveries;
drop policy of_webhooks_attempts on webhook_deliveries;
drop policy of_webhooks on webhook_deliveries;
drop policy of_relay_events on webhook_deliveries;
drop policy of_relay on webhook_deliveries;
drop policy of_relay on webhooks;
drop policy of_relay_states on outbox;
drop policy of_relay on telemetry_restrictions;
drop policy of_relay_uses on api_keys;
drop policy of_relay on api_keys;
drop policy of_relay on apps;
drop policy of_relay_published on outbox;
drop policy of_relay on outbox;
alter policy of_tenant on webhook_deliveries to public;
alter policy of_tenant on webhooks to public;
alter policy of_tenant on telemetry_restrictions to public;
alter policy of_tenant on api_keys to public;
alter policy of_tenant on apps to public;
alter policy of_tenant on outbox to public;
-- With the tables go the grants of their columns.
revoke all on
  outbox, outbox_quarantine, apps, api_keys, telemetry_restrictions, state_publications, webhooks,
  webhook_deliveries
  from mosis_relay, mosis_webhooks;
revoke all on sequence outbox_position from mosis_relay, mosis_webhooks;
