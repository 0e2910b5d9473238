// The ingest process takes telemetry over HTTP to Kafka. Nothing else runs here.
import { createSelfTelemetry } from "@mosis/client/process";
import { serve } from "@mosis/http";
import { createRecordVerifier, openProducer } from "@mosis/kafka";
import { createLifecycle, createLogger, createMetrics, endProcess } from "@mosis/runtime";
import { readIngestConfig } from "../config.ts";
import { createIngest } from "../ingest.ts";

// Throws one error that lists every bad variable. Nothing after this line reads the environment.
const config = readIngestConfig(process.env);
const service = "telemetry-ingest";
const log = createLogger({ service, level: config.logLevel });
const metrics = createMetrics({ service });
const life = createLifecycle({ log, closeTimeoutMs: config.closeTimeoutMs });

try {
  const self = life.own(
    "self-telemetry",
    createSelfTelemetry({ service, target: config.selfTelemetry }),
    (it) => it.close(),
  );
  // Resources are closed in the reverse order: the server first, which waits for the answers of running
  // requests while the producer can still get their acknowledgements.
  const verifier = createRecordVerifier({ publicKeys: config.recordPublicKeys, log, metrics });
  const kafka = { ...config.kafka, clientId: service, log, verifier };
  const producer = life.own("producer", await openProducer(kafka), (it) => it.close());
  const observe = self.observe.bind(self);
  const { apps, admits, failed } = await createIngest({
    ...config,
    kafka,
    producer,
    log,
    metrics,
    life,
    observe,
    managementApart: config.http.management !== null,
  });
  const server = life.own(
    "server",
    await serve(apps, {
      http: config.http,
      trustedProxies: config.trustedProxies,
      metrics,
      requestTimeoutMs: 30_000,
      headersTimeoutMs: 10_000,
      admits,
    }),
    (it) => it.close(),
  );
  log.info({ url: server.url, management_url: server.managementUrl }, "telemetry ingest started");
  // A process that no longer hears of revoked keys must exit: its supervisor starts another.
  const reason = await Promise.race([life.untilSignal(), failed]);
  log.info({ reason }, "telemetry ingest stops");
} catch (error) {
  log.error({ err: error }, "telemetry ingest failed");
  process.exitCode = 1;
}
await life.close();
endProcess(log);
