import { createApp, openApiDocument, type RequestSample } from "@mosis/http";
import type { KafkaConfig, Producer } from "@mosis/kafka";
import type { Lifecycle, Logger, Metrics } from "@mosis/runtime";
import { telemetryLimits } from "@mosis/types/telemetry";
import { topics } from "@mosis/types/topics";
import { checkAccess, followAccess } from "./follow-access.ts";
import { createBodyReader } from "./ingest/body.ts";
import { Flusher } from "./ingest/flush.ts";
import { ingestApi } from "./ingest/openapi.ts";
import { createOutcomes, watchLevels } from "./ingest/outcomes.ts";
import { postBatches } from "./ingest/routes.ts";

export interface IngestOptions {
  kafka: KafkaConfig;
  producer: Producer;
  log: Logger;
  metrics: Metrics;
  life: Lifecycle;
  bodyTimeoutMs: number;
  heldBytesMax: number;
  observe?: (sample: RequestSample) => void;
}

/**
 * Every route of ingest, the hot one first and before any middleware. Not ready until the access table is
 * complete.
 */
export async function createIngest(options: IngestOptions) {
  const { kafka, producer, log, metrics, life, bodyTimeoutMs, heldBytesMax, observe } = options;
  const access = await followAccess({ kafka, log, metrics, life });

  const outcomes = createOutcomes(metrics);
  const bodies = life.own("bodies", createBodyReader({ ...telemetryLimits, bodyTimeoutMs }), (it) =>
    it.close(),
  );
  const flusher = new Flusher({
    send: (batches) => producer.send(batches),
    partitions: await producer.partitionCount(topics.events),
    flushBytesMax: 750_000,
    flushesInFlightMax: 2,
    onSent(sent) {
      outcomes.sent(sent);
      // Its requests are answered with 503 and send again; the log is for whoever looks after Kafka.
      if (sent.failure)
        log.error({ err: sent.failure, requests: sent.requests }, "A flush was not acknowledged");
    },
  });
  watchLevels(metrics, { flusher, heldBytes: () => bodies.heldBytes() });

  const available = () => access.isComplete() && producer.connected();
  const batches = postBatches({
    access: access.table,
    bodies,
    flusher,
    outcomes,
    log,
    available,
    heldBytesMax,
    waitingRequestsMax: 20_000,
    observe,
  });
  const app = createApp({
    log,
    metrics,
    hot: (app) => void app.post("/v1/telemetry/batches", batches),
    routes: [],
    ready: {
      access_table: () => checkAccess(access),
      kafka() {
        if (!producer.connected()) throw new Error("Kafka does not answer");
      },
    },
    openapi: openApiDocument(ingestApi),
    ...(observe ? { observe } : {}),
  });
  return { app, failed: access.failed };
}
