// The ingest process: telemetry over HTTP into Kafka. Nothing else runs here.
import { listen } from "@mosis/http";
import { openProducer } from "@mosis/kafka";
import { createLifecycle, createLogger, createMetrics } from "@mosis/runtime";
import { readIngestConfig } from "../config.ts";
import { createIngest } from "../ingest.ts";

// Throws one error that lists every bad variable. Nothing after this line reads the environment.
const config = readIngestConfig(process.env);
const log = createLogger({ service: "telemetry-ingest", level: config.logLevel });
const metrics = createMetrics({ service: "telemetry-ingest" });
const life = createLifecycle({ log, closeTimeoutMs: config.closeTimeoutMs });

try {
  // Closed in the reverse order: the server first, which waits for the answers of running requests while the
  // producer can still get their acknowledgements.
  const kafka = { ...config.kafka, clientId: "telemetry-ingest", log };
  const producer = life.own("producer", await openProducer(kafka), (it) => it.close());
  const { bodyTimeoutMs, heldBytesMax } = config;
  const app = await createIngest({ kafka, producer, log, metrics, life, bodyTimeoutMs, heldBytesMax });
  const server = life.own(
    "server",
    await listen(app, { port: config.port, requestTimeoutMs: 60_000, headersTimeoutMs: 10_000 }),
    (it) => it.close(),
  );
  log.info({ url: server.url }, "telemetry ingest started");
  const reason = await life.untilSignal();
  log.info({ reason }, "telemetry ingest stops");
} catch (error) {
  log.error({ err: error }, "telemetry ingest failed");
  process.exitCode = 1;
}
await life.close();
