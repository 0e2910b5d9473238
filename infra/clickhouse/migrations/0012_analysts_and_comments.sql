-- Up Migration

-- What analysts see, in a database of its own beside this one: views of which every column may be read, so
-- that select *, describe and information_schema work. Ids of installs, refused events as they came and the
-- audit trail are not in it. A view is read with the rights of whoever asks, so it opens nothing.
create database if not exists {analysts};

create view if not exists {analysts}.events as
select
  app_id, package_id, event_key, name, toString(kind) as kind, event_time, received_at, client_time,
  clock_correction_ms, session_id, version_code, os, os_version, device_model, locale, country, network,
  mosis_version, duration_ms, properties, properties_string, properties_number
from events;

create view if not exists {analysts}.ingest_batches as
select
  app_id, package_id, batch_id, delivery_id, received_at, stored_at, key_id, accepted, rejected, dropped,
  warned, discarded, dead_letters, body_bytes, clock_correction_ms, sdk_name, sdk_version
from ingest_batches;

create view if not exists {analysts}.rejected_events as
select
  app_id, package_id, received_at, batch_id, delivery_id, `index`, event_id, code, pointer, replayed,
  replayed_at
from rejected_events;

create view if not exists {analysts}.outcomes as
select
  app_id, package_id, received_at, minute, delivery_id, outcome, reason, `count`, received
from outcomes;

create view if not exists {analysts}.warnings as
select
  app_id, package_id, received_at, minute, delivery_id, code, `count`
from warnings;

create view if not exists {analysts}.apps as
select
  app_id, developer_id, package_id, name, status, updated_at
from apps;

-- Said where tools show it. Whoever replaces a view says it again: create or replace forgets it.
alter table app_names
  comment column `app_id` 'Id of the app',
  comment column `developer_id` 'Id of the developer whose it is',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `name` 'Name of the app',
  comment column `telemetry_days` 'How many days events of the app are kept';
alter table app_names modify comment 'What the dictionary of apps reads; deleted apps stay in it';
alter table apps
  comment column `app_id` 'Id of the app',
  comment column `developer_id` 'Id of the developer whose it is',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `name` 'Name of the app',
  comment column `status` 'Whether the app is a draft, published or suspended',
  comment column `updated_at` 'When the catalog changed it last';
alter table apps modify comment 'The apps that there are';
alter table apps_raw
  comment column `app_id` 'Id of the app',
  comment column `developer_id` 'Id of the developer whose it is',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `name` 'Name of the app, empty once the account of its developer is deleted',
  comment column `status` 'Whether the app is a draft, published or suspended',
  comment column `updated_at` 'When the catalog changed it last',
  comment column `deleted` '1 when the app is deleted',
  comment column `position` 'Place of the change in the order of commits',
  comment column `telemetry_days` 'How many days events of the app are kept';
alter table apps_raw modify comment 'The last state of each app, deleted ones too; read the view apps';
alter table audit_events
  comment column `event_id` 'Id of the audit event',
  comment column `developer_id` 'Id of the developer whose it is',
  comment column `position` 'Place of the change in the order of commits',
  comment column `occurred_at` 'When it happened, by the clock of the process that did it',
  comment column `actor_kind` 'What did it: key, session, operator or system',
  comment column `actor_id` 'Id of the key or session that did it, else empty',
  comment column `action` 'What was done, as app.created',
  comment column `target_type` 'What kind of thing was changed',
  comment column `target_id` 'Id of what was changed',
  comment column `request_id` 'Id of the request that did it',
  comment column `payload`
    'The thing after the change, as JSON; of a deleted account without what tells of a person';
alter table audit_events modify comment 'Who changed what in the catalog, one row a change';
alter table audit_events_raw
  comment column `event_id` 'Id of the audit event',
  comment column `developer_id` 'Id of the developer whose it is',
  comment column `position` 'Place of the change in the order of commits',
  comment column `occurred_at` 'When it happened, by the clock of the process that did it',
  comment column `actor_kind` 'What did it: key, session, operator or system',
  comment column `actor_id` 'Id of the key or session that did it, else empty',
  comment column `action` 'What was done, as app.created',
  comment column `target_type` 'What kind of thing was changed',
  comment column `target_id` 'Id of what was changed',
  comment column `request_id` 'Id of the request that did it',
  comment column `payload`
    'The thing after the change, as JSON; of a deleted account without what tells of a person';
alter table audit_events_raw modify comment 'The audit trail; read the view audit_events';
alter table erasures
  comment column `erasure_id` 'Id of the erasure',
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `install_hash` 'SHA-256 of app id and install id, in hexadecimal',
  comment column `requested_at` 'When it was asked for',
  comment column `received_before` 'What was received before this was erased',
  comment column `completed_at` 'When it was proved',
  comment column `events_erased` 'Events that were erased',
  comment column `rejected_erased` 'Refused events that were erased',
  comment column `remaining` 'Rows that a last look found, always 0 with a proof',
  comment column `kafka_expired_at` 'From when on Kafka has nothing of it either',
  comment column `proof` 'Hash over the erasure, empty while it is under way';
alter table erasures modify comment 'Installs that were erased, with the proof';
alter table erasures_raw
  comment column `erasure_id` 'Id of the erasure',
  comment column `app_id` 'Id of the app',
  comment column `install_hash` 'SHA-256 of app id and install id, in hexadecimal',
  comment column `requested_at` 'When it was asked for',
  comment column `received_before` 'What was received before this was erased',
  comment column `completed_at` 'When it was proved; 1970 while it is under way',
  comment column `events_erased` 'Events that were erased',
  comment column `rejected_erased` 'Refused events that were erased',
  comment column `remaining` 'Rows that a last look found, always 0 with a proof',
  comment column `kafka_expired_at` 'From when on Kafka has nothing of it either',
  comment column `proof` 'Hash over the erasure, empty while it is under way';
alter table erasures_raw modify comment 'Erasures, also those under way; read the view erasures';
alter table events
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `event_key` '64 bits of the event id',
  comment column `name` 'Name of the event',
  comment column `kind` 'Kind of the event: event, screen, perf, error or crash',
  comment column `event_time` 'When it happened, corrected if the clock of the client was off',
  comment column `received_at` 'When ingest received it',
  comment column `client_time` 'When it happened by the clock of the client',
  comment column `clock_correction_ms`
    'What is added to times of the client, in milliseconds; 0 when its clock is right',
  comment column `install_id` 'Id of the install, zeros when not known',
  comment column `session_id` 'Id of the session, zeros without one',
  comment column `version_code` 'Version code of the app, 0 when not known',
  comment column `os` 'Operating system',
  comment column `os_version` 'Version of the operating system',
  comment column `device_model` 'Model of the device',
  comment column `locale` 'Language and region of the user, as de-DE',
  comment column `country` 'ISO 3166-1 code of the country',
  comment column `network` 'Kind of network, as wifi',
  comment column `mosis_version` 'Version of the Mosis SDK or store on the device',
  comment column `duration_ms` 'How long it took, in milliseconds; 0 when not told',
  comment column `properties` 'All properties as text',
  comment column `properties_string` 'Properties that are texts',
  comment column `properties_number` 'Properties that are numbers, true as 1 and false as 0';
alter table events modify comment 'One row an event, as long as its app keeps it';
alter table events_raw
  comment column `app_id` 'Id of the app',
  comment column `session_id` 'Id of the session, zeros without one',
  comment column `client_time` 'When it happened by the clock of the client',
  comment column `event_key` '64 bits of the event id',
  comment column `clock_correction_ms`
    'What is added to times of the client, in milliseconds; 0 when its clock is right',
  comment column `received_delay_ms` 'Milliseconds from client_time to its receipt',
  comment column `name` 'Name of the event',
  comment column `kind` 'Kind of the event: event, screen, perf, error or crash',
  comment column `install_id` 'Id of the install, zeros when not known',
  comment column `version_code` 'Version code of the app, 0 when not known',
  comment column `os` 'Operating system',
  comment column `os_version` 'Version of the operating system',
  comment column `device_model` 'Model of the device',
  comment column `locale` 'Language and region of the user, as de-DE',
  comment column `country` 'ISO 3166-1 code of the country',
  comment column `network` 'Kind of network, as wifi',
  comment column `mosis_version` 'Version of the Mosis SDK or store on the device',
  comment column `duration_ms` 'How long it took, in milliseconds; 0 when not told',
  comment column `properties_string` 'Properties that are texts',
  comment column `properties_number` 'Properties that are numbers, true as 1 and false as 0';
alter table events_raw modify comment 'What every delivery of an event brought; read the view events';
alter table ingest_batches
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `batch_id` 'Id of the batch, by its sender',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `received_at` 'When ingest received it',
  comment column `stored_at` 'When the writer stored it',
  comment column `key_id` 'Id of the key that sent it',
  comment column `accepted` 'Events that were accepted',
  comment column `rejected` 'Events that were refused with a reason',
  comment column `dropped` 'Events that a restriction dropped',
  comment column `warned` 'Accepted events with a warning',
  comment column `discarded` 'Events that the client says it threw away before sending',
  comment column `dead_letters` 'Records of the same flush that ClickHouse refused',
  comment column `body_bytes` 'Bytes of the body as sent',
  comment column `clock_correction_ms`
    'What is added to times of the client, in milliseconds; 0 when its clock is right',
  comment column `sdk_name` 'Name of the sending library',
  comment column `sdk_version` 'Version of the sending library';
alter table ingest_batches modify comment 'One row a delivery, that is an acknowledged request';
alter table ingest_batches_raw
  comment column `app_id` 'Id of the app',
  comment column `batch_id` 'Id of the batch, by its sender',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `received_at` 'When ingest received it',
  comment column `key_id` 'Id of the key that sent it',
  comment column `accepted` 'Events that were accepted',
  comment column `rejected` 'Events that were refused with a reason',
  comment column `dropped` 'Events that a restriction dropped',
  comment column `warned` 'Accepted events with a warning',
  comment column `discarded` 'Events that the client says it threw away before sending',
  comment column `body_bytes` 'Bytes of the body as sent',
  comment column `clock_correction_ms`
    'What is added to times of the client, in milliseconds; 0 when its clock is right',
  comment column `sdk_name` 'Name of the sending library',
  comment column `sdk_version` 'Version of the sending library',
  comment column `dead_letters` 'Records of the same flush that ClickHouse refused',
  comment column `stored_at` 'When the writer stored it';
alter table ingest_batches_raw modify comment 'Deliveries, some several times; read the view ingest_batches';
alter table outcomes
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `received_at` 'When ingest received it',
  comment column `minute` 'Minute of received_at',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `outcome` 'accepted, rejected, dropped, replayed, refused, discarded or warned',
  comment column `reason` 'Code of the reason, empty for accepted',
  comment column `count` 'How many',
  comment column `received` 'How many of them came for the first time: a replay is subtracted';
alter table outcomes modify comment
  'The books: what became of events and of refused batches, by reason and time';
alter table outcomes_raw
  comment column `app_id` 'Id of the app',
  comment column `received_at` 'When ingest received it',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `outcome` 'accepted, rejected, dropped, replayed, refused, discarded or warned',
  comment column `reason` 'Code of the reason, empty for accepted',
  comment column `count` 'How many';
alter table outcomes_raw modify comment 'Outcomes beyond plain acceptance; read the view outcomes';
alter table rejected_events
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `received_at` 'When ingest received it',
  comment column `batch_id` 'Id of the batch, by its sender',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `index` 'Place of the event in its batch, from 0',
  comment column `event_id` 'Id of the event as it was sent, empty when it was no text',
  comment column `code` 'Code of the reason',
  comment column `pointer` 'JSON pointer to the fault in the event',
  comment column `raw` 'The event as it came, cut to 32 KiB',
  comment column `context` 'What the batch says of all its events, as JSON',
  comment column `clock_correction_ms`
    'What is added to times of the client, in milliseconds; 0 when its clock is right',
  comment column `replayed` 'Whether a replay has taken it',
  comment column `replayed_at` 'When a replay took it';
alter table rejected_events modify comment 'Events that were refused, as they came, kept 30 days';
alter table rejected_events_raw
  comment column `app_id` 'Id of the app',
  comment column `received_at` 'When ingest received it',
  comment column `batch_id` 'Id of the batch, by its sender',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `index` 'Place of the event in its batch, from 0',
  comment column `event_id` 'Id of the event as it was sent, empty when it was no text',
  comment column `code` 'Code of the reason',
  comment column `pointer` 'JSON pointer to the fault in the event',
  comment column `raw` 'The event as it came, cut to 32 KiB',
  comment column `context` 'What the batch says of all its events, as JSON',
  comment column `clock_correction_ms`
    'What is added to times of the client, in milliseconds; 0 when its clock is right';
alter table rejected_events_raw modify comment 'Refused events; read the view rejected_events';
alter table replayed_events_raw
  comment column `app_id` 'Id of the app',
  comment column `received_at` 'When ingest received it',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `index` 'Place of the event in its batch, from 0',
  comment column `replayed_at` 'When a replay took it',
  comment column `key_id` 'Id of the key that replayed it';
alter table replayed_events_raw modify comment 'Which refused events a replay has taken';
alter table schema_migrations
  comment column `number` 'Number of the migration',
  comment column `name` 'Name of its file',
  comment column `checksum` 'SHA-256 of its file',
  comment column `applied` '1 applied, 0 taken back',
  comment column `at` 'When';
alter table schema_migrations modify comment
  'Migrations that were applied or taken back; the last row of a number holds';
alter table warnings
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `received_at` 'When ingest received it',
  comment column `minute` 'Minute of received_at',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `code` 'Code of the warning',
  comment column `count` 'How many';
alter table warnings modify comment 'Accepted events by the warning that they carry; one may carry two';
alter table {analysts}.events
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `event_key` '64 bits of the event id',
  comment column `name` 'Name of the event',
  comment column `kind` 'Kind of the event: event, screen, perf, error or crash',
  comment column `event_time` 'When it happened, corrected if the clock of the client was off',
  comment column `received_at` 'When ingest received it',
  comment column `client_time` 'When it happened by the clock of the client',
  comment column `clock_correction_ms`
    'What is added to times of the client, in milliseconds; 0 when its clock is right',
  comment column `session_id` 'Id of the session, zeros without one',
  comment column `version_code` 'Version code of the app, 0 when not known',
  comment column `os` 'Operating system',
  comment column `os_version` 'Version of the operating system',
  comment column `device_model` 'Model of the device',
  comment column `locale` 'Language and region of the user, as de-DE',
  comment column `country` 'ISO 3166-1 code of the country',
  comment column `network` 'Kind of network, as wifi',
  comment column `mosis_version` 'Version of the Mosis SDK or store on the device',
  comment column `duration_ms` 'How long it took, in milliseconds; 0 when not told',
  comment column `properties` 'All properties as text',
  comment column `properties_string` 'Properties that are texts',
  comment column `properties_number` 'Properties that are numbers, true as 1 and false as 0';
alter table {analysts}.events modify comment 'One row an event, as long as its app keeps it';
alter table {analysts}.ingest_batches
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `batch_id` 'Id of the batch, by its sender',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `received_at` 'When ingest received it',
  comment column `stored_at` 'When the writer stored it',
  comment column `key_id` 'Id of the key that sent it',
  comment column `accepted` 'Events that were accepted',
  comment column `rejected` 'Events that were refused with a reason',
  comment column `dropped` 'Events that a restriction dropped',
  comment column `warned` 'Accepted events with a warning',
  comment column `discarded` 'Events that the client says it threw away before sending',
  comment column `dead_letters` 'Records of the same flush that ClickHouse refused',
  comment column `body_bytes` 'Bytes of the body as sent',
  comment column `clock_correction_ms`
    'What is added to times of the client, in milliseconds; 0 when its clock is right',
  comment column `sdk_name` 'Name of the sending library',
  comment column `sdk_version` 'Version of the sending library';
alter table {analysts}.ingest_batches modify comment 'One row a delivery, that is an acknowledged request';
alter table {analysts}.rejected_events
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `received_at` 'When ingest received it',
  comment column `batch_id` 'Id of the batch, by its sender',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `index` 'Place of the event in its batch, from 0',
  comment column `event_id` 'Id of the event as it was sent, empty when it was no text',
  comment column `code` 'Code of the reason',
  comment column `pointer` 'JSON pointer to the fault in the event',
  comment column `replayed` 'Whether a replay has taken it',
  comment column `replayed_at` 'When a replay took it';
alter table {analysts}.rejected_events modify comment 'Events that were refused, as they came, kept 30 days';
alter table {analysts}.outcomes
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `received_at` 'When ingest received it',
  comment column `minute` 'Minute of received_at',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `outcome` 'accepted, rejected, dropped, replayed, refused, discarded or warned',
  comment column `reason` 'Code of the reason, empty for accepted',
  comment column `count` 'How many',
  comment column `received` 'How many of them came for the first time: a replay is subtracted';
alter table {analysts}.outcomes modify comment
  'The books: what became of events and of refused batches, by reason and time';
alter table {analysts}.warnings
  comment column `app_id` 'Id of the app',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `received_at` 'When ingest received it',
  comment column `minute` 'Minute of received_at',
  comment column `delivery_id` 'Id of the delivery: one request of a batch',
  comment column `code` 'Code of the warning',
  comment column `count` 'How many';
alter table {analysts}.warnings modify comment
  'Accepted events by the warning that they carry; one may carry two';
alter table {analysts}.apps
  comment column `app_id` 'Id of the app',
  comment column `developer_id` 'Id of the developer whose it is',
  comment column `package_id` 'Name of the app as devices know it, empty while it is not known',
  comment column `name` 'Name of the app',
  comment column `status` 'Whether the app is a draft, published or suspended',
  comment column `updated_at` 'When the catalog changed it last';
alter table {analysts}.apps modify comment 'The apps that there are';

-- Down Migration

drop database if exists {analysts};
alter table app_names
  comment column `app_id` '',
  comment column `developer_id` '',
  comment column `package_id` '',
  comment column `name` '',
  comment column `telemetry_days` '';
alter table app_names modify comment '';
alter table apps
  comment column `app_id` '',
  comment column `developer_id` '',
  comment column `package_id` '',
  comment column `name` '',
  comment column `status` '',
  comment column `updated_at` '';
alter table apps modify comment '';
alter table apps_raw
  comment column `app_id` '',
  comment column `developer_id` '',
  comment column `package_id` '',
  comment column `name` '',
  comment column `status` '',
  comment column `updated_at` '',
  comment column `deleted` '',
  comment column `position` '',
  comment column `telemetry_days` '';
alter table apps_raw modify comment '';
alter table audit_events
  comment column `event_id` '',
  comment column `developer_id` '',
  comment column `position` '',
  comment column `occurred_at` '',
  comment column `actor_kind` '',
  comment column `actor_id` '',
  comment column `action` '',
  comment column `target_type` '',
  comment column `target_id` '',
  comment column `request_id` '',
  comment column `payload` '';
alter table audit_events modify comment '';
alter table audit_events_raw
  comment column `event_id` '',
  comment column `developer_id` '',
  comment column `position` '',
  comment column `occurred_at` '',
  comment column `actor_kind` '',
  comment column `actor_id` '',
  comment column `action` '',
  comment column `target_type` '',
  comment column `target_id` '',
  comment column `request_id` '',
  comment column `payload` '';
alter table audit_events_raw modify comment '';
alter table erasures
  comment column `erasure_id` '',
  comment column `app_id` '',
  comment column `package_id` '',
  comment column `install_hash` '',
  comment column `requested_at` '',
  comment column `received_before` '',
  comment column `completed_at` '',
  comment column `events_erased` '',
  comment column `rejected_erased` '',
  comment column `remaining` '',
  comment column `kafka_expired_at` '',
  comment column `proof` '';
alter table erasures modify comment '';
alter table erasures_raw
  comment column `erasure_id` '',
  comment column `app_id` '',
  comment column `install_hash` '',
  comment column `requested_at` '',
  comment column `received_before` '',
  comment column `completed_at` '',
  comment column `events_erased` '',
  comment column `rejected_erased` '',
  comment column `remaining` '',
  comment column `kafka_expired_at` '',
  comment column `proof` '';
alter table erasures_raw modify comment '';
alter table events
  comment column `app_id` '',
  comment column `package_id` '',
  comment column `event_key` '',
  comment column `name` '',
  comment column `kind` '',
  comment column `event_time` '',
  comment column `received_at` '',
  comment column `client_time` '',
  comment column `clock_correction_ms` '',
  comment column `install_id` '',
  comment column `session_id` '',
  comment column `version_code` '',
  comment column `os` '',
  comment column `os_version` '',
  comment column `device_model` '',
  comment column `locale` '',
  comment column `country` '',
  comment column `network` '',
  comment column `mosis_version` '',
  comment column `duration_ms` '',
  comment column `properties` '',
  comment column `properties_string` '',
  comment column `properties_number` '';
alter table events modify comment '';
alter table events_raw
  comment column `app_id` '',
  comment column `session_id` '',
  comment column `client_time` '',
  comment column `event_key` '',
  comment column `clock_correction_ms` '',
  comment column `received_delay_ms` '',
  comment column `name` '',
  comment column `kind` '',
  comment column `install_id` '',
  comment column `version_code` '',
  comment column `os` '',
  comment column `os_version` '',
  comment column `device_model` '',
  comment column `locale` '',
  comment column `country` '',
  comment column `network` '',
  comment column `mosis_version` '',
  comment column `duration_ms` '',
  comment column `properties_string` '',
  comment column `properties_number` '';
alter table events_raw modify comment '';
alter table ingest_batches
  comment column `app_id` '',
  comment column `package_id` '',
  comment column `batch_id` '',
  comment column `delivery_id` '',
  comment column `received_at` '',
  comment column `stored_at` '',
  comment column `key_id` '',
  comment column `accepted` '',
  comment column `rejected` '',
  comment column `dropped` '',
  comment column `warned` '',
  comment column `discarded` '',
  comment column `dead_letters` '',
  comment column `body_bytes` '',
  comment column `clock_correction_ms` '',
  comment column `sdk_name` '',
  comment column `sdk_version` '';
alter table ingest_batches modify comment '';
alter table ingest_batches_raw
  comment column `app_id` '',
  comment column `batch_id` '',
  comment column `delivery_id` '',
  comment column `received_at` '',
  comment column `key_id` '',
  comment column `accepted` '',
  comment column `rejected` '',
  comment column `dropped` '',
  comment column `warned` '',
  comment column `discarded` '',
  comment column `body_bytes` '',
  comment column `clock_correction_ms` '',
  comment column `sdk_name` '',
  comment column `sdk_version` '',
  comment column `dead_letters` '',
  comment column `stored_at` '';
alter table ingest_batches_raw modify comment '';
alter table outcomes
  comment column `app_id` '',
  comment column `package_id` '',
  comment column `received_at` '',
  comment column `minute` '',
  comment column `delivery_id` '',
  comment column `outcome` '',
  comment column `reason` '',
  comment column `count` '',
  comment column `received` '';
alter table outcomes modify comment '';
alter table outcomes_raw
  comment column `app_id` '',
  comment column `received_at` '',
  comment column `delivery_id` '',
  comment column `outcome` '',
  comment column `reason` '',
  comment column `count` '';
alter table outcomes_raw modify comment '';
alter table rejected_events
  comment column `app_id` '',
  comment column `package_id` '',
  comment column `received_at` '',
  comment column `batch_id` '',
  comment column `delivery_id` '',
  comment column `index` '',
  comment column `event_id` '',
  comment column `code` '',
  comment column `pointer` '',
  comment column `raw` '',
  comment column `context` '',
  comment column `clock_correction_ms` '',
  comment column `replayed` '',
  comment column `replayed_at` '';
alter table rejected_events modify comment '';
alter table rejected_events_raw
  comment column `app_id` '',
  comment column `received_at` '',
  comment column `batch_id` '',
  comment column `delivery_id` '',
  comment column `index` '',
  comment column `event_id` '',
  comment column `code` '',
  comment column `pointer` '',
  comment column `raw` '',
  comment column `context` '',
  comment column `clock_correction_ms` '';
alter table rejected_events_raw modify comment '';
alter table replayed_events_raw
  comment column `app_id` '',
  comment column `received_at` '',
  comment column `delivery_id` '',
  comment column `index` '',
  comment column `replayed_at` '',
  comment column `key_id` '';
alter table replayed_events_raw modify comment '';
alter table schema_migrations
  comment column `number` '',
  comment column `name` '',
  comment column `checksum` '',
  comment column `applied` '',
  comment column `at` '';
alter table schema_migrations modify comment '';
alter table warnings
  comment column `app_id` '',
  comment column `package_id` '',
  comment column `received_at` '',
  comment column `minute` '',
  comment column `delivery_id` '',
  comment column `code` '',
  comment column `count` '';
alter table warnings modify comment '';
