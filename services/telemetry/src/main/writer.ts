// The writer process: telemetry blocks, audit events and apps from Kafka into ClickHouse. Nothing else runs
// here.
import { openClickHouse } from "@mosis/clickhouse";
import { createApp, listen, openApiDocument } from "@mosis/http";
import { openProducer } from "@mosis/kafka";
import { createLifecycle, createLogger, createMetrics } from "@mosis/runtime";
import { readWriterConfig } from "../config.ts";
import { startWriter } from "../writer/writer.ts";

// Throws one error that lists every bad variable. Nothing after this line reads the environment.
const config = readWriterConfig(process.env);
const log = createLogger({ service: "telemetry-writer", level: config.logLevel });
const metrics = createMetrics({ service: "telemetry-writer" });
const life = createLifecycle({ log, closeTimeoutMs: config.closeTimeoutMs });

try {
  // Closed in the reverse order: the status routes, then the writer, which finishes its insert and commits
  // while ClickHouse and the producer of dead letters are still there.
  const kafka = { ...config.kafka, clientId: "telemetry-writer", log };
  const store = life.own("clickhouse", openClickHouse({ ...config.clickhouse, log }), (it) => it.close());
  const producer = life.own("producer", await openProducer(kafka), (it) => it.close());
  const writer = life.own(
    "writer",
    await startWriter({ kafka, producer, store, log, metrics, ...config.fetch }),
    (it) => it.close(),
  );
  const app = createApp({
    log,
    metrics,
    routes: [],
    ready: {
      clickhouse: () => store.health(),
      kafka: async () => void (await writer.lag()),
    },
    openapi: openApiDocument({
      title: "Mosis telemetry writer",
      version: "1",
      description: "Health and metrics only.",
      operations: [],
    }),
  });
  const limits = { requestTimeoutMs: 10_000, headersTimeoutMs: 5000 };
  const server = life.own("server", await listen(app, { port: config.port, ...limits }), (it) => it.close());
  log.info({ url: server.url }, "telemetry writer started");
  // A writer that cannot go on must exit: whoever runs it starts another, at the last committed offsets.
  const reason = await Promise.race([life.untilSignal(), writer.failed]);
  log.info({ reason }, "telemetry writer stops");
} catch (error) {
  log.error({ err: error }, "telemetry writer failed");
  process.exitCode = 1;
}
await life.close();
