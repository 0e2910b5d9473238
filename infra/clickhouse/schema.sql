-- Written by `npm run schema` from what migrate makes. Change a migration or a view, not this.

CREATE DICTIONARY mosis.apps_dictionary
(
    `app_id` UUID,
    `developer_id` UUID,
    `package_id` String,
    `name` String,
    `telemetry_days` UInt16 DEFAULT 180
)
PRIMARY KEY app_id
SOURCE(CLICKHOUSE(NAME mosis_dictionary TABLE 'app_names'))
LIFETIME(MIN 30 MAX 60)
LAYOUT(COMPLEX_KEY_HASHED());

CREATE TABLE mosis.apps_raw
(
    `app_id` UUID COMMENT 'Id of the app',
    `developer_id` UUID COMMENT 'Id of the developer whose it is',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `name` String COMMENT 'Name of the app, empty once the account of its developer is deleted',
    `status` LowCardinality(String) COMMENT 'Whether the app is a draft, published or suspended',
    `updated_at` DateTime64(3, 'UTC') COMMENT 'When the catalog changed it last',
    `deleted` UInt8 COMMENT '1 when the app is deleted',
    `position` UInt64 COMMENT 'Place of the change in the order of commits',
    `telemetry_days` UInt16 DEFAULT 180 COMMENT 'How many days events of the app are kept'
)
ENGINE = ReplacingMergeTree(position)
ORDER BY app_id
SETTINGS index_granularity = 8192
COMMENT 'The last state of each app, deleted ones too; read the view apps';

CREATE TABLE mosis.audit_events_raw
(
    `event_id` UUID COMMENT 'Id of the audit event' CODEC(ZSTD(1)),
    `developer_id` UUID COMMENT 'Id of the developer whose it is' CODEC(ZSTD(1)),
    `position` UInt64 COMMENT 'Place of the change in the order of commits' CODEC(Delta(8), ZSTD(1)),
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the process that did it' CODEC(Delta(8), ZSTD(1)),
    `actor_kind` LowCardinality(String) COMMENT 'What did it: key, session, operator or system' CODEC(ZSTD(1)),
    `actor_id` String COMMENT 'Id of the key or session that did it, else empty' CODEC(ZSTD(1)),
    `action` LowCardinality(String) COMMENT 'What was done, as app.created' CODEC(ZSTD(1)),
    `target_type` LowCardinality(String) COMMENT 'What kind of thing was changed' CODEC(ZSTD(1)),
    `target_id` String COMMENT 'Id of what was changed' CODEC(ZSTD(1)),
    `request_id` String COMMENT 'Id of the request that did it' CODEC(ZSTD(1)),
    `payload` String COMMENT 'The thing after the change, as JSON; of a deleted account without what tells of a person' CODEC(ZSTD(3)),
    INDEX occurred occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (developer_id, position, event_id)
SETTINGS non_replicated_deduplication_window = 0, index_granularity = 8192
COMMENT 'The audit trail, for good; read the view audit_events';

CREATE TABLE mosis.erasures_raw
(
    `erasure_id` UUID COMMENT 'Id of the erasure',
    `app_id` UUID COMMENT 'Id of the app',
    `install_hash` FixedString(64) COMMENT 'SHA-256 of the install id in lower case, in hexadecimal',
    `requested_at` DateTime64(3, 'UTC') COMMENT 'When it was asked for',
    `received_before` DateTime64(3, 'UTC') COMMENT 'What was received before this was erased',
    `completed_at` DateTime64(3, 'UTC') COMMENT 'When it was proved; 1970 while it is under way',
    `events_erased` UInt64 COMMENT 'Events that were erased',
    `rejected_erased` UInt64 COMMENT 'Refused events that were erased',
    `remaining` UInt64 COMMENT 'Rows that a last look found, always 0 with a proof',
    `kafka_expired_at` DateTime64(3, 'UTC') COMMENT 'From when on Kafka has nothing of it either',
    `proof` String COMMENT 'Hash over the erasure, empty while it is under way'
)
ENGINE = ReplacingMergeTree(completed_at)
ORDER BY (app_id, requested_at, erasure_id)
SETTINGS non_replicated_deduplication_window = 0, index_granularity = 8192
COMMENT 'Erasures, also those under way; read the view erasures';

CREATE TABLE mosis.events_raw
(
    `app_id` UUID COMMENT 'Id of the app' CODEC(ZSTD(1)),
    `session_id` UUID COMMENT 'Id of the session, zeros without one' CODEC(ZSTD(1)),
    `client_time` DateTime64(3, 'UTC') COMMENT 'When it happened by the clock of the client' CODEC(Delta(8), T64, ZSTD(1)),
    `event_key` UInt64 COMMENT '48 bits of the event id' CODEC(T64),
    `clock_correction_ms` Int64 COMMENT 'What is added to times of the client, in milliseconds; 0 when its clock is right' CODEC(T64, ZSTD(1)),
    `received_delay_ms` Int64 COMMENT 'Milliseconds from client_time to its receipt' CODEC(T64, ZSTD(1)),
    `name` LowCardinality(String) COMMENT 'Name of the event' CODEC(ZSTD(3)),
    `kind` Enum8('event' = 1, 'screen' = 2, 'perf' = 3, 'error' = 4, 'crash' = 5) COMMENT 'Kind of the event: event, screen, perf, error or crash' CODEC(ZSTD(1)),
    `install_id` UUID COMMENT 'Id of the install, zeros when not known' CODEC(ZSTD(1)),
    `version_code` UInt32 COMMENT 'Version code of the app, 0 when not known' CODEC(T64, ZSTD(1)),
    `os` LowCardinality(String) COMMENT 'Operating system' CODEC(ZSTD(1)),
    `os_version` LowCardinality(String) COMMENT 'Version of the operating system' CODEC(ZSTD(1)),
    `device_model` LowCardinality(String) COMMENT 'Model of the device' CODEC(ZSTD(1)),
    `locale` LowCardinality(String) COMMENT 'Language and region of the user, as de-DE' CODEC(ZSTD(1)),
    `country` LowCardinality(String) COMMENT 'ISO 3166-1 code of the country' CODEC(ZSTD(1)),
    `network` LowCardinality(String) COMMENT 'Kind of network, as wifi' CODEC(ZSTD(1)),
    `mosis_version` LowCardinality(String) COMMENT 'Version of the Mosis SDK or store on the device' CODEC(ZSTD(1)),
    `duration_ms` UInt32 COMMENT 'How long it took, in milliseconds; 0 when not told' CODEC(T64, ZSTD(1)),
    `properties_string` Map(LowCardinality(String), String) COMMENT 'Properties that are texts' CODEC(ZSTD(3)),
    `properties_number` Map(LowCardinality(String), Float64) COMMENT 'Properties that are numbers, true as 1 and false as 0' CODEC(ZSTD(1)),
    INDEX event_time_range client_time + toIntervalMillisecond(clock_correction_ms) TYPE minmax GRANULARITY 1,
    CONSTRAINT kind_is_known CHECK (toInt8(kind) >= 1) AND (toInt8(kind) <= 5)
)
ENGINE = ReplacingMergeTree(received_delay_ms)
PARTITION BY if((client_time >= '2026-01-01') AND (client_time < '2041-01-01'), toYYYYMM(client_time), 0)
ORDER BY (if((client_time >= '2026-01-01') AND (client_time < '2041-01-01'), toYYYYMM(client_time), 0), app_id, toStartOfHour(client_time), session_id, client_time, event_key)
SETTINGS non_replicated_deduplication_window = 0, index_granularity = 8192, finished_mutations_to_keep = 1
COMMENT 'What every delivery of an event brought; read the view events';

CREATE TABLE mosis.folded_months_raw
(
    `month` UInt32 COMMENT 'The month (UTC), as 202611',
    `folded_at` DateTime64(3, 'UTC') COMMENT 'When it was summed up'
)
ENGINE = ReplacingMergeTree(folded_at)
ORDER BY month
SETTINGS non_replicated_deduplication_window = 0, index_granularity = 8192
COMMENT 'Months whose deliveries were summed up by day';

CREATE TABLE mosis.ingest_batches_raw
(
    `app_id` UUID COMMENT 'Id of the app' CODEC(ZSTD(1)),
    `batch_id` UUID COMMENT 'Id of the batch, by its sender' CODEC(ZSTD(1)),
    `delivery_id` UUID COMMENT 'Id of the delivery: one request of a batch' CODEC(NONE),
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it' CODEC(Delta(8), ZSTD(1)),
    `key_id` UUID COMMENT 'Id of the key that sent it' CODEC(ZSTD(1)),
    `accepted` UInt32 COMMENT 'Events that were accepted' CODEC(T64, ZSTD(1)),
    `rejected` UInt32 COMMENT 'Events that were refused with a reason' CODEC(T64, ZSTD(1)),
    `dropped` UInt32 DEFAULT 0 COMMENT 'Events that a restriction dropped' CODEC(T64, ZSTD(1)),
    `warned` UInt32 COMMENT 'Accepted events with a warning' CODEC(T64, ZSTD(1)),
    `discarded` UInt64 COMMENT 'Events that the client says it threw away before sending' CODEC(T64, ZSTD(1)),
    `body_bytes` UInt32 COMMENT 'Bytes of the body as sent' CODEC(T64, ZSTD(1)),
    `clock_correction_ms` Int64 COMMENT 'What is added to times of the client, in milliseconds; 0 when its clock is right' CODEC(T64, ZSTD(1)),
    `sdk_name` LowCardinality(String) COMMENT 'Name of the sending library' CODEC(ZSTD(1)),
    `sdk_version` LowCardinality(String) COMMENT 'Version of the sending library' CODEC(ZSTD(1)),
    `dead_letters` UInt32 DEFAULT 0 COMMENT 'Records of the same flush that ClickHouse refused' CODEC(T64, ZSTD(1)),
    `stored_at` DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the writer stored it' CODEC(Delta(8), ZSTD(1)),
    INDEX batch batch_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(stored_at)
PARTITION BY toYYYYMM(received_at)
ORDER BY (app_id, toStartOfHour(received_at), batch_id, delivery_id)
SETTINGS non_replicated_deduplication_window = 0, index_granularity = 8192
COMMENT 'Deliveries, some several times, for 400 days; read the view ingest_batches';

CREATE TABLE mosis.outcome_days_raw
(
    `app_id` UUID COMMENT 'Id of the app' CODEC(ZSTD(1)),
    `day` Date COMMENT 'Day (UTC) that ingest received it' CODEC(Delta(2), ZSTD(1)),
    `outcome` LowCardinality(String) COMMENT 'accepted, rejected, dropped, replayed, refused, discarded, warned; or lost: records of Kafka' CODEC(ZSTD(1)),
    `reason` LowCardinality(String) COMMENT 'Code of the reason; empty for accepted, and for how many events were warned' CODEC(ZSTD(1)),
    `count` UInt64 COMMENT 'How many' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (app_id, day, outcome, reason)
SETTINGS non_replicated_deduplication_window = 0, index_granularity = 8192
COMMENT 'The books of days whose single deliveries are gone';

CREATE TABLE mosis.outcomes_raw
(
    `app_id` UUID COMMENT 'Id of the app' CODEC(ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it' CODEC(Delta(8), ZSTD(1)),
    `delivery_id` UUID COMMENT 'Id of the delivery: one request of a batch' CODEC(ZSTD(1)),
    `outcome` LowCardinality(String) COMMENT 'accepted, rejected, dropped, replayed, refused, discarded, warned; or lost: records of Kafka' CODEC(ZSTD(1)),
    `reason` LowCardinality(String) COMMENT 'Code of the reason, empty for accepted' CODEC(ZSTD(1)),
    `count` UInt64 COMMENT 'How many' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (app_id, toStartOfHour(received_at), delivery_id, outcome, reason)
SETTINGS non_replicated_deduplication_window = 0, index_granularity = 8192
COMMENT 'Outcomes beyond plain acceptance, for 400 days; read the view outcomes';

CREATE TABLE mosis.rejected_events_raw
(
    `app_id` UUID COMMENT 'Id of the app' CODEC(ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it' CODEC(Delta(8), ZSTD(1)),
    `batch_id` UUID COMMENT 'Id of the batch, by its sender' CODEC(ZSTD(1)),
    `delivery_id` UUID COMMENT 'Id of the delivery: one request of a batch' CODEC(ZSTD(1)),
    `index` UInt32 COMMENT 'Place of the event in its batch, from 0' CODEC(T64, ZSTD(1)),
    `event_id` String COMMENT 'Id of the event as it was sent, empty when it was no text' CODEC(ZSTD(1)),
    `code` LowCardinality(String) COMMENT 'Code of the reason' CODEC(ZSTD(1)),
    `pointer` String COMMENT 'JSON pointer to the fault in the event' CODEC(ZSTD(1)),
    `raw` String COMMENT 'The event as it came, cut to 32 KiB' CODEC(ZSTD(3)),
    `context` String DEFAULT '' COMMENT 'What the batch says of all its events, as JSON' CODEC(ZSTD(3)),
    `clock_correction_ms` Int64 DEFAULT 0 COMMENT 'What is added to times of the client, in milliseconds; 0 when its clock is right' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (app_id, received_at, delivery_id, index)
TTL toDateTime(received_at) + toIntervalDay(30)
SETTINGS non_replicated_deduplication_window = 0, ttl_only_drop_parts = 1, index_granularity = 8192, finished_mutations_to_keep = 1
COMMENT 'Refused events; read the view rejected_events';

CREATE TABLE mosis.replayed_events_raw
(
    `app_id` UUID COMMENT 'Id of the app' CODEC(ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it' CODEC(Delta(8), ZSTD(1)),
    `delivery_id` UUID COMMENT 'Id of the delivery: one request of a batch' CODEC(ZSTD(1)),
    `index` UInt32 COMMENT 'Place of the event in its batch, from 0' CODEC(T64, ZSTD(1)),
    `replayed_at` DateTime64(3, 'UTC') COMMENT 'When a replay took it' CODEC(Delta(8), ZSTD(1)),
    `key_id` UUID COMMENT 'Id of the key that replayed it' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (app_id, received_at, delivery_id, index)
TTL toDateTime(received_at) + toIntervalDay(30)
SETTINGS non_replicated_deduplication_window = 0, ttl_only_drop_parts = 1, index_granularity = 8192
COMMENT 'Which refused events a replay has taken; kept 30 days';

CREATE VIEW mosis.app_names
(
    `app_id` UUID COMMENT 'Id of the app',
    `developer_id` UUID COMMENT 'Id of the developer whose it is',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `name` String COMMENT 'Name of the app',
    `telemetry_days` UInt16 COMMENT 'How many days events of the app are kept'
)
COMMENT 'What the dictionary of apps reads; deleted apps stay in it'
AS SELECT
    app_id,
    developer_id,
    package_id,
    name,
    telemetry_days
FROM mosis.apps_raw
FINAL;

CREATE VIEW mosis.apps
(
    `app_id` UUID COMMENT 'Id of the app',
    `developer_id` UUID COMMENT 'Id of the developer whose it is',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `name` String COMMENT 'Name of the app',
    `status` LowCardinality(String) COMMENT 'Whether the app is a draft, published or suspended',
    `updated_at` DateTime64(3, 'UTC') COMMENT 'When the catalog changed it last'
)
COMMENT 'The apps that there are'
AS SELECT
    app_id,
    developer_id,
    package_id,
    name,
    status,
    updated_at
FROM mosis.apps_raw
FINAL
WHERE deleted = 0;

CREATE VIEW mosis.audit_events
(
    `event_id` UUID COMMENT 'Id of the audit event',
    `developer_id` UUID COMMENT 'Id of the developer whose it is',
    `position` UInt64 COMMENT 'Place of the change in the order of commits',
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, by the clock of the process that did it',
    `actor_kind` LowCardinality(String) COMMENT 'What did it: key, session, operator or system',
    `actor_id` String COMMENT 'Id of the key or session that did it, else empty',
    `action` LowCardinality(String) COMMENT 'What was done, as app.created',
    `target_type` LowCardinality(String) COMMENT 'What kind of thing was changed',
    `target_id` String COMMENT 'Id of what was changed',
    `request_id` String COMMENT 'Id of the request that did it',
    `payload` String COMMENT 'The thing after the change, as JSON; of a deleted account without what tells of a person'
)
COMMENT 'Who changed what in the catalog, one row a change'
AS SELECT
    event_id,
    developer_id,
    position,
    occurred_at,
    actor_kind,
    actor_id,
    action,
    target_type,
    target_id,
    request_id,
    payload
FROM mosis.audit_events_raw
FINAL;

CREATE VIEW mosis.erasures
(
    `erasure_id` UUID COMMENT 'Id of the erasure',
    `app_id` UUID COMMENT 'Id of the app',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `install_hash` FixedString(64) COMMENT 'SHA-256 of the install id in lower case, in hexadecimal',
    `requested_at` DateTime64(3, 'UTC') COMMENT 'When it was asked for',
    `received_before` DateTime64(3, 'UTC') COMMENT 'What was received before this was erased',
    `completed_at` DateTime64(3, 'UTC') COMMENT 'When it was proved',
    `events_erased` UInt64 COMMENT 'Events that were erased',
    `rejected_erased` UInt64 COMMENT 'Refused events that were erased',
    `remaining` UInt64 COMMENT 'Rows that a last look found, always 0 with a proof',
    `kafka_expired_at` DateTime64(3, 'UTC') COMMENT 'From when on Kafka has nothing of it either',
    `proof` String COMMENT 'Hash over the erasure, empty while it is under way'
)
COMMENT 'Installs that were erased, with the proof'
AS SELECT
    erasure_id,
    app_id,
    dictGetOrDefault('mosis.apps_dictionary', 'package_id', app_id, '') AS package_id,
    install_hash,
    requested_at,
    received_before,
    completed_at,
    events_erased,
    rejected_erased,
    remaining,
    kafka_expired_at,
    proof
FROM mosis.erasures_raw
FINAL
WHERE proof != '';

CREATE VIEW mosis.events
(
    `app_id` UUID COMMENT 'Id of the app',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `event_key` UInt64 COMMENT '48 bits of the event id',
    `name` LowCardinality(String) COMMENT 'Name of the event',
    `kind` Enum8('event' = 1, 'screen' = 2, 'perf' = 3, 'error' = 4, 'crash' = 5) COMMENT 'Kind of the event: event, screen, perf, error or crash',
    `event_time` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected if the clock of the client was off',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it',
    `client_time` DateTime64(3, 'UTC') COMMENT 'When it happened by the clock of the client',
    `clock_correction_ms` Int64 COMMENT 'What is added to times of the client, in milliseconds; 0 when its clock is right',
    `install_id` UUID COMMENT 'Id of the install, zeros when not known',
    `session_id` UUID COMMENT 'Id of the session, zeros without one',
    `version_code` UInt32 COMMENT 'Version code of the app, 0 when not known',
    `os` LowCardinality(String) COMMENT 'Operating system',
    `os_version` LowCardinality(String) COMMENT 'Version of the operating system',
    `device_model` LowCardinality(String) COMMENT 'Model of the device',
    `locale` LowCardinality(String) COMMENT 'Language and region of the user, as de-DE',
    `country` LowCardinality(String) COMMENT 'ISO 3166-1 code of the country',
    `network` LowCardinality(String) COMMENT 'Kind of network, as wifi',
    `mosis_version` LowCardinality(String) COMMENT 'Version of the Mosis SDK or store on the device',
    `duration_ms` UInt32 COMMENT 'How long it took, in milliseconds; 0 when not told',
    `properties` Map(String, String) COMMENT 'All properties as text',
    `properties_string` Map(LowCardinality(String), String) COMMENT 'Properties that are texts',
    `properties_number` Map(LowCardinality(String), Float64) COMMENT 'Properties that are numbers, true as 1 and false as 0'
)
COMMENT 'One row an event, as long as its app keeps it'
AS SELECT
    app_id,
    dictGetOrDefault('mosis.apps_dictionary', 'package_id', app_id, '') AS package_id,
    event_key,
    name,
    kind,
    client_time + toIntervalMillisecond(clock_correction_ms) AS event_time,
    client_time + toIntervalMillisecond(received_delay_ms) AS received_at,
    client_time,
    clock_correction_ms,
    install_id,
    session_id,
    version_code,
    os,
    os_version,
    device_model,
    locale,
    country,
    network,
    mosis_version,
    duration_ms,
    mapConcat(CAST(properties_string, 'Map(String, String)'), mapApply((k, v) -> (k, toString(v)), CAST(properties_number, 'Map(String, Float64)'))) AS properties,
    properties_string,
    properties_number
FROM mosis.events_raw
FINAL
WHERE (client_time + toIntervalMillisecond(clock_correction_ms)) >= (now64(3) - toIntervalDay(dictGetOrDefault('mosis.apps_dictionary', 'telemetry_days', app_id, toUInt16(180))));

CREATE VIEW mosis.ingest_batches
(
    `app_id` UUID COMMENT 'Id of the app',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `batch_id` UUID COMMENT 'Id of the batch, by its sender',
    `delivery_id` UUID COMMENT 'Id of the delivery: one request of a batch',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it',
    `stored_at` DateTime64(3, 'UTC') COMMENT 'When the writer stored it',
    `key_id` UUID COMMENT 'Id of the key that sent it',
    `accepted` UInt32 COMMENT 'Events that were accepted',
    `rejected` UInt32 COMMENT 'Events that were refused with a reason',
    `dropped` UInt32 COMMENT 'Events that a restriction dropped',
    `warned` UInt32 COMMENT 'Accepted events with a warning',
    `discarded` UInt64 COMMENT 'Events that the client says it threw away before sending',
    `dead_letters` UInt32 COMMENT 'Records of the same flush that ClickHouse refused',
    `body_bytes` UInt32 COMMENT 'Bytes of the body as sent',
    `clock_correction_ms` Int64 COMMENT 'What is added to times of the client, in milliseconds; 0 when its clock is right',
    `sdk_name` LowCardinality(String) COMMENT 'Name of the sending library',
    `sdk_version` LowCardinality(String) COMMENT 'Version of the sending library'
)
COMMENT 'One row a delivery, that is an acknowledged request, until its month is summed up'
AS SELECT
    app_id,
    dictGetOrDefault('mosis.apps_dictionary', 'package_id', app_id, '') AS package_id,
    batch_id,
    delivery_id,
    received_at,
    stored_at,
    key_id,
    accepted,
    rejected,
    dropped,
    warned,
    discarded,
    dead_letters,
    body_bytes,
    clock_correction_ms,
    sdk_name,
    sdk_version
FROM mosis.ingest_batches_raw
FINAL
WHERE toYYYYMM(received_at) NOT IN (
    SELECT month
    FROM mosis.folded_months_raw
);

CREATE VIEW mosis.outcomes
(
    `app_id` UUID COMMENT 'Id of the app',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it',
    `minute` DateTime('UTC') COMMENT 'Minute of received_at',
    `delivery_id` UUID COMMENT 'Id of the delivery: one request of a batch',
    `outcome` String COMMENT 'accepted, rejected, dropped, replayed, refused, discarded, warned; or lost: records of Kafka',
    `reason` String COMMENT 'Code of the reason, empty for accepted',
    `count` UInt64 COMMENT 'How many',
    `received` Int64 COMMENT 'How many of them came for the first time: a replay is subtracted'
)
COMMENT 'The books: what became of events and of refused batches, by reason and time'
AS SELECT
    app_id,
    dictGetOrDefault('mosis.apps_dictionary', 'package_id', app_id, '') AS package_id,
    received_at,
    toStartOfMinute(received_at) AS minute,
    delivery_id,
    'accepted' AS outcome,
    '' AS reason,
    toUInt64(accepted) AS count,
    toInt64(accepted) AS received
FROM mosis.ingest_batches_raw
FINAL
WHERE (accepted > 0) AND (toYYYYMM(received_at) NOT IN (
    SELECT month
    FROM mosis.folded_months_raw
))
UNION ALL
SELECT
    app_id,
    dictGetOrDefault('mosis.apps_dictionary', 'package_id', app_id, '') AS package_id,
    received_at,
    toStartOfMinute(received_at) AS minute,
    delivery_id,
    toString(outcome) AS outcome,
    toString(reason) AS reason,
    count,
    transform(outcome, ['rejected', 'dropped', 'replayed'], [1, 1, -1], 0) * toInt64(count) AS received
FROM mosis.outcomes_raw
FINAL
WHERE (outcome != 'warned') AND (toYYYYMM(received_at) NOT IN (
    SELECT month
    FROM mosis.folded_months_raw
))
UNION ALL
SELECT
    app_id,
    dictGetOrDefault('mosis.apps_dictionary', 'package_id', app_id, '') AS package_id,
    toDateTime64(day, 3, 'UTC') AS received_at,
    toStartOfMinute(received_at) AS minute,
    toUUID('00000000-0000-0000-0000-000000000000') AS delivery_id,
    toString(outcome) AS outcome,
    toString(reason) AS reason,
    count,
    transform(outcome, ['accepted', 'rejected', 'dropped', 'replayed'], [1, 1, 1, -1], 0) * toInt64(count) AS received
FROM mosis.outcome_days_raw
FINAL
WHERE (outcome != 'warned') AND (toYYYYMM(day) IN (
    SELECT month
    FROM mosis.folded_months_raw
));

CREATE VIEW mosis.rejected_events
(
    `app_id` UUID COMMENT 'Id of the app',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it',
    `batch_id` UUID COMMENT 'Id of the batch, by its sender',
    `delivery_id` UUID COMMENT 'Id of the delivery: one request of a batch',
    `index` UInt32 COMMENT 'Place of the event in its batch, from 0',
    `event_id` String COMMENT 'Id of the event as it was sent, empty when it was no text',
    `code` LowCardinality(String) COMMENT 'Code of the reason',
    `pointer` String COMMENT 'JSON pointer to the fault in the event',
    `raw` String COMMENT 'The event as it came, cut to 32 KiB',
    `context` String COMMENT 'What the batch says of all its events, as JSON',
    `clock_correction_ms` Int64 COMMENT 'What is added to times of the client, in milliseconds; 0 when its clock is right',
    `replayed` UInt8 COMMENT 'Whether a replay has taken it',
    `replayed_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When a replay took it'
)
COMMENT 'Events that were refused, as they came, kept 30 days'
AS SELECT
    app_id,
    dictGetOrDefault('mosis.apps_dictionary', 'package_id', app_id, '') AS package_id,
    received_at,
    batch_id,
    delivery_id,
    index,
    event_id,
    code,
    pointer,
    raw,
    context,
    clock_correction_ms,
    replay.replayed_at > toDateTime64(0, 3, 'UTC') AS replayed,
    nullIf(replay.replayed_at, toDateTime64(0, 3, 'UTC')) AS replayed_at
FROM mosis.rejected_events_raw
FINAL
LEFT JOIN
(
    SELECT
        app_id,
        received_at,
        delivery_id,
        index,
        replayed_at
    FROM mosis.replayed_events_raw
    FINAL
) AS replay USING (app_id, received_at, delivery_id, index);

CREATE VIEW mosis.warned_events
(
    `app_id` UUID COMMENT 'Id of the app',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it',
    `count` UInt64 COMMENT 'How many'
)
COMMENT 'Accepted events with a warning, each counted once'
AS SELECT
    app_id,
    dictGetOrDefault('mosis.apps_dictionary', 'package_id', app_id, '') AS package_id,
    received_at,
    toUInt64(warned) AS count
FROM mosis.ingest_batches_raw
FINAL
WHERE (warned > 0) AND (toYYYYMM(received_at) NOT IN (
    SELECT month
    FROM mosis.folded_months_raw
))
UNION ALL
SELECT
    app_id,
    dictGetOrDefault('mosis.apps_dictionary', 'package_id', app_id, '') AS package_id,
    toDateTime64(day, 3, 'UTC') AS received_at,
    count
FROM mosis.outcome_days_raw
FINAL
WHERE (outcome = 'warned') AND (reason = '') AND (toYYYYMM(day) IN (
    SELECT month
    FROM mosis.folded_months_raw
));

CREATE VIEW mosis.warnings
(
    `app_id` UUID COMMENT 'Id of the app',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it',
    `minute` DateTime('UTC') COMMENT 'Minute of received_at',
    `delivery_id` UUID COMMENT 'Id of the delivery: one request of a batch',
    `code` LowCardinality(String) COMMENT 'Code of the warning',
    `count` UInt64 COMMENT 'How many'
)
COMMENT 'Accepted events by the warning that they carry; one may carry two'
AS SELECT
    app_id,
    dictGetOrDefault('mosis.apps_dictionary', 'package_id', app_id, '') AS package_id,
    received_at,
    toStartOfMinute(received_at) AS minute,
    delivery_id,
    toString(reason) AS code,
    count
FROM mosis.outcomes_raw
FINAL
WHERE (outcome = 'warned') AND (toYYYYMM(received_at) NOT IN (
    SELECT month
    FROM mosis.folded_months_raw
))
UNION ALL
SELECT
    app_id,
    dictGetOrDefault('mosis.apps_dictionary', 'package_id', app_id, '') AS package_id,
    toDateTime64(day, 3, 'UTC') AS received_at,
    toStartOfMinute(received_at) AS minute,
    toUUID('00000000-0000-0000-0000-000000000000') AS delivery_id,
    toString(reason) AS code,
    count
FROM mosis.outcome_days_raw
FINAL
WHERE (outcome = 'warned') AND (reason != '') AND (toYYYYMM(day) IN (
    SELECT month
    FROM mosis.folded_months_raw
));

CREATE VIEW mosis_analysts.apps
(
    `app_id` UUID COMMENT 'Id of the app',
    `developer_id` UUID COMMENT 'Id of the developer whose it is',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `name` String COMMENT 'Name of the app',
    `status` LowCardinality(String) COMMENT 'Whether the app is a draft, published or suspended',
    `updated_at` DateTime64(3, 'UTC') COMMENT 'When the catalog changed it last'
)
COMMENT 'The apps that there are'
AS SELECT
    app_id,
    developer_id,
    package_id,
    name,
    status,
    updated_at
FROM mosis.apps;

CREATE VIEW mosis_analysts.events
(
    `app_id` UUID COMMENT 'Id of the app',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `event_key` UInt64 COMMENT '48 bits of the event id',
    `name` LowCardinality(String) COMMENT 'Name of the event',
    `kind` String COMMENT 'Kind of the event: event, screen, perf, error or crash',
    `event_time` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected if the clock of the client was off',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it',
    `client_time` DateTime64(3, 'UTC') COMMENT 'When it happened by the clock of the client',
    `clock_correction_ms` Int64 COMMENT 'What is added to times of the client, in milliseconds; 0 when its clock is right',
    `session_id` UUID COMMENT 'Id of the session, zeros without one',
    `version_code` UInt32 COMMENT 'Version code of the app, 0 when not known',
    `os` LowCardinality(String) COMMENT 'Operating system',
    `os_version` LowCardinality(String) COMMENT 'Version of the operating system',
    `device_model` LowCardinality(String) COMMENT 'Model of the device',
    `locale` LowCardinality(String) COMMENT 'Language and region of the user, as de-DE',
    `country` LowCardinality(String) COMMENT 'ISO 3166-1 code of the country',
    `network` LowCardinality(String) COMMENT 'Kind of network, as wifi',
    `mosis_version` LowCardinality(String) COMMENT 'Version of the Mosis SDK or store on the device',
    `duration_ms` UInt32 COMMENT 'How long it took, in milliseconds; 0 when not told',
    `properties` Map(String, String) COMMENT 'All properties as text',
    `properties_string` Map(LowCardinality(String), String) COMMENT 'Properties that are texts',
    `properties_number` Map(LowCardinality(String), Float64) COMMENT 'Properties that are numbers, true as 1 and false as 0'
)
COMMENT 'One row an event, as long as its app keeps it'
AS SELECT
    app_id,
    package_id,
    event_key,
    name,
    toString(kind) AS kind,
    event_time,
    received_at,
    client_time,
    clock_correction_ms,
    session_id,
    version_code,
    os,
    os_version,
    device_model,
    locale,
    country,
    network,
    mosis_version,
    duration_ms,
    properties,
    properties_string,
    properties_number
FROM mosis.events;

CREATE VIEW mosis_analysts.ingest_batches
(
    `app_id` UUID COMMENT 'Id of the app',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `batch_id` UUID COMMENT 'Id of the batch, by its sender',
    `delivery_id` UUID COMMENT 'Id of the delivery: one request of a batch',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it',
    `stored_at` DateTime64(3, 'UTC') COMMENT 'When the writer stored it',
    `key_id` UUID COMMENT 'Id of the key that sent it',
    `accepted` UInt32 COMMENT 'Events that were accepted',
    `rejected` UInt32 COMMENT 'Events that were refused with a reason',
    `dropped` UInt32 COMMENT 'Events that a restriction dropped',
    `warned` UInt32 COMMENT 'Accepted events with a warning',
    `discarded` UInt64 COMMENT 'Events that the client says it threw away before sending',
    `dead_letters` UInt32 COMMENT 'Records of the same flush that ClickHouse refused',
    `body_bytes` UInt32 COMMENT 'Bytes of the body as sent',
    `clock_correction_ms` Int64 COMMENT 'What is added to times of the client, in milliseconds; 0 when its clock is right',
    `sdk_name` LowCardinality(String) COMMENT 'Name of the sending library',
    `sdk_version` LowCardinality(String) COMMENT 'Version of the sending library'
)
COMMENT 'One row a delivery, that is an acknowledged request'
AS SELECT
    app_id,
    package_id,
    batch_id,
    delivery_id,
    received_at,
    stored_at,
    key_id,
    accepted,
    rejected,
    dropped,
    warned,
    discarded,
    dead_letters,
    body_bytes,
    clock_correction_ms,
    sdk_name,
    sdk_version
FROM mosis.ingest_batches;

CREATE VIEW mosis_analysts.outcomes
(
    `app_id` UUID COMMENT 'Id of the app',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it',
    `minute` DateTime('UTC') COMMENT 'Minute of received_at',
    `delivery_id` UUID COMMENT 'Id of the delivery: one request of a batch',
    `outcome` String COMMENT 'accepted, rejected, dropped, replayed, refused, discarded, warned; or lost: records of Kafka',
    `reason` String COMMENT 'Code of the reason, empty for accepted',
    `count` UInt64 COMMENT 'How many',
    `received` Int64 COMMENT 'How many of them came for the first time: a replay is subtracted'
)
COMMENT 'The books: what became of events and of refused batches, by reason and time'
AS SELECT
    app_id,
    package_id,
    received_at,
    minute,
    delivery_id,
    outcome,
    reason,
    count,
    received
FROM mosis.outcomes;

CREATE VIEW mosis_analysts.rejected_events
(
    `app_id` UUID COMMENT 'Id of the app',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it',
    `batch_id` UUID COMMENT 'Id of the batch, by its sender',
    `delivery_id` UUID COMMENT 'Id of the delivery: one request of a batch',
    `index` UInt32 COMMENT 'Place of the event in its batch, from 0',
    `event_id` String COMMENT 'Id of the event as it was sent, empty when it was no text',
    `code` LowCardinality(String) COMMENT 'Code of the reason',
    `pointer` String COMMENT 'JSON pointer to the fault in the event',
    `replayed` UInt8 COMMENT 'Whether a replay has taken it',
    `replayed_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When a replay took it'
)
COMMENT 'Events that were refused, as they came, kept 30 days'
AS SELECT
    app_id,
    package_id,
    received_at,
    batch_id,
    delivery_id,
    index,
    event_id,
    code,
    pointer,
    replayed,
    replayed_at
FROM mosis.rejected_events;

CREATE VIEW mosis_analysts.warnings
(
    `app_id` UUID COMMENT 'Id of the app',
    `package_id` String COMMENT 'Name of the app as devices know it, empty while it is not known',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When ingest received it',
    `minute` DateTime('UTC') COMMENT 'Minute of received_at',
    `delivery_id` UUID COMMENT 'Id of the delivery: one request of a batch',
    `code` LowCardinality(String) COMMENT 'Code of the warning',
    `count` UInt64 COMMENT 'How many'
)
COMMENT 'Accepted events by the warning that they carry; one may carry two'
AS SELECT
    app_id,
    package_id,
    received_at,
    minute,
    delivery_id,
    code,
    count
FROM mosis.warnings;
