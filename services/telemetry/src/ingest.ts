import { createApp, openApiDocument } from "@mosis/http";
import { followTopics, type KafkaConfig, type Producer } from "@mosis/kafka";
import type { Lifecycle, Logger, Metrics } from "@mosis/runtime";
import { telemetryLimits } from "@mosis/types/telemetry";
import { topics } from "@mosis/types/topics";
import { AccessTable } from "./ingest/access.ts";
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
}

/**
 * Every route of ingest, the hot one first and before any middleware. Not ready until the access table is
 * complete.
 */
export async function createIngest(options: IngestOptions) {
  const { kafka, producer, log, metrics, life, bodyTimeoutMs, heldBytesMax } = options;
  const access = new AccessTable({ log });
  let complete = false;
  const followed = await followTopics(kafka, {
    topics: [topics.keys, topics.apps],
    onRecord: (topic, id, value) => access.apply(topic, id, value),
  });
  life.own("access table", followed, (it) => it.close());
  void followed.caughtUp.then(() => {
    complete = true;
    log.info(access.sizes(), "The access table is complete");
  });

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
  watchLevels(metrics, { access, flusher, heldBytes: () => bodies.heldBytes() });

  const available = () => complete && producer.connected();
  const limits = { heldBytesMax, waitingRequestsMax: 20_000 };
  const batches = postBatches({ access, bodies, flusher, outcomes, log, available, ...limits });
  return createApp({
    log,
    metrics,
    hot: (app) => void app.post("/v1/telemetry/batches", batches),
    routes: [],
    ready: {
      access_table: () => need(complete, "keys and apps are still being read"),
      kafka: () => need(producer.connected(), "Kafka does not answer"),
    },
    openapi: openApiDocument(ingestApi),
  });
}

function need(met: boolean, reason: string): void {
  if (!met) throw new Error(reason);
}
