// The writer process stores telemetry blocks, audit events and apps from Kafka in ClickHouse. Nothing else
// runs here.
import { openClickHouse, type SlowQuery } from "@mosis/clickhouse";
import { createSelfTelemetry } from "@mosis/client/process";
import { createApp, openApiDocument, serve } from "@mosis/http";
import { createRecordVerifier, openProducer } from "@mosis/kafka";
import { createLifecycle, createLogger, createMetrics, endProcess } from "@mosis/runtime";
import { readWriterConfig } from "../config.ts";
import { startWriter } from "../writer/writer.ts";

// Throws one error that lists every bad variable. Nothing after this line reads the environment.
const config = readWriterConfig(process.env);
const service = "telemetry-writer";
const log = createLogger({ service, level: config.logLevel });
const metrics = createMetrics({ service });
const life = createLifecycle({ log, closeTimeoutMs: config.closeTimeoutMs });

try {
  const self = life.own(
    "self-telemetry",
    createSelfTelemetry({ service, target: config.selfTelemetry }),
    (it) => it.close(),
  );
  // Resources are closed in the reverse order: the status routes, then the writer, which finishes its insert
  // and commits while ClickHouse and the producer of dead letters are still there.
  const verifier = createRecordVerifier({ publicKeys: config.recordPublicKeys, log, metrics });
  const kafka = { ...config.kafka, clientId: service, log, verifier };
  const onSlowQuery = (query: SlowQuery) => self.slowQuery({ store: "clickhouse", ...query });
  const store = life.own("clickhouse", openClickHouse({ ...config.clickhouse, log, onSlowQuery }), (it) =>
    it.close(),
  );
  const patientStore = life.own(
    "clickhouse for deleting",
    openClickHouse({ ...config.clickhouse, log, requestTimeoutMs: config.deleteTimeoutMs }),
    (it) => it.close(),
  );
  const producer = life.own("producer", await openProducer(kafka), (it) => it.close());
  const writer = life.own(
    "writer",
    await startWriter({
      kafka,
      producer,
      store,
      patientStore,
      log,
      metrics,
      ...config.fetch,
      ...config.sweep,
    }),
    (it) => it.close(),
  );
  const apps = createApp({
    log,
    metrics,
    routes: [],
    observe: self.observe.bind(self),
    ready: {
      clickhouse: () => writer.checkStore(),
      kafka: async () => void (await writer.lag()),
      clock: () => writer.checkClock(),
    },
    openapi: openApiDocument({
      title: "Mosis telemetry writer",
      version: "1",
      description: "Health and metrics only.",
      operations: [],
    }),
  });
  const limits = { http: config.http, metrics, requestTimeoutMs: 10_000, headersTimeoutMs: 5000 };
  const server = life.own("server", await serve(apps, limits), (it) => it.close());
  log.info({ url: server.url }, "telemetry writer started");
  // A writer that cannot go on must exit: its supervisor starts another, at the last committed offsets.
  const reason = await Promise.race([life.untilSignal(), writer.failed]);
  log.info({ reason }, "telemetry writer stops");
} catch (error) {
  log.error({ err: error }, "telemetry writer failed");
  process.exitCode = 1;
}
await life.close();
endProcess(log);
