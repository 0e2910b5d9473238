// The relay publishes the outbox to Kafka. Several may run; one is active, the others wait to take over. Each
// of them copies the uses of keys that telemetry has seen from Kafka to the catalog.
import { createSelfTelemetry } from "@mosis/client/process";
import { serve } from "@mosis/http";
import { createRecordSigner, createRecordVerifier, openProducer } from "@mosis/kafka";
import { openPool, openSession } from "@mosis/postgres";
import { createLifecycle, createLogger, createMetrics, endProcess } from "@mosis/runtime";
import { readRelayConfig } from "../config.ts";
import { followKeyUses } from "../keys/uses.ts";
import { createRelay } from "../changes/outbox/process.ts";
import { startRepublication } from "../changes/republication/republication.ts";

// Throws one error that lists every bad variable. Nothing after this line reads the environment.
const config = readRelayConfig(process.env);
const service = "catalog-relay";
const log = createLogger({ service, level: config.logLevel });
const metrics = createMetrics({ service });
// The deadline is longer than the Kafka client's own attempts take (seven of 10 s, with pauses). If we gave
// up while the client still tries, its send could arrive after later ones, and bring a deleted key back to
// life.
const sendDeadlineMs = 180_000;
const life = createLifecycle({ log, closeTimeoutMs: config.closeTimeoutMs });

try {
  const self = life.own(
    "self-telemetry",
    createSelfTelemetry({ service, target: config.selfTelemetry }),
    (it) => it.close(),
  );
  const onSlowQuery = (query: { statement: string; duration_ms: number }) =>
    self.slowQuery({ store: "postgres", ...query });
  const signer = createRecordSigner(config.recordSigningKey);
  const verifier = createRecordVerifier({ publicKeys: config.recordPublicKeys, log, metrics });
  const kafka = { ...config.kafka, clientId: service, log, signer, verifier, sendDeadlineMs };
  const producer = life.own("producer", await openProducer(kafka), (it) => it.close());
  const { relay, apps } = createRelay({
    openSession: () => openSession({ ...config.postgres, log, onSlowQuery }),
    producer,
    log,
    metrics,
  });
  life.own("relay", relay, (it) => it.close());
  const pool = openPool({
    ...config.postgres,
    name: "catalog-relay-states",
    connectionsMax: 2,
    log,
    onSlowQuery,
  });
  const db = life.own("postgres", pool, (it) => it.close());
  const republication = await startRepublication({
    kafka,
    producer,
    db,
    log,
    metrics,
    intervalMs: 1000,
    isActive: () => relay.state() === "active",
    signingKey: config.recordSigningKey.id,
  });
  life.own("republication", republication, (it) => it.close());
  const uses = life.own("key uses", await followKeyUses({ kafka, db, log }), (it) => it.close());
  const server = life.own(
    "server",
    await serve(apps, { http: config.http, metrics, requestTimeoutMs: 10_000, headersTimeoutMs: 5000 }),
    (it) => it.close(),
  );
  log.info({ url: server.url }, "catalog relay started");
  const reason = await Promise.race([life.untilSignal(), uses.failed, republication.failed]);
  log.info({ reason }, "catalog relay stops");
} catch (error) {
  log.error({ err: error }, "catalog relay failed");
  process.exitCode = 1;
}
await life.close();
endProcess(log);
