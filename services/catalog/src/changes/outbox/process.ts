import { createApp, openApiDocument } from "@mosis/http";
import type { Producer } from "@mosis/kafka";
import type { Session } from "@mosis/postgres";
import type { Logger, Metrics } from "@mosis/runtime";
import { type Relay, startRelay } from "./relay.ts";

export interface RelayProcessOptions {
  openSession: () => Promise<Session>;
  producer: Producer;
  log: Logger;
  metrics: Metrics;
}

/** Creates the relay with its limits, and the applications that report its state. */
export function createRelay({ openSession, producer, log, metrics }: RelayProcessOptions) {
  const relay = startRelay({
    openSession,
    producer,
    log,
    metrics,
    limits: { rowsMax: 5000, rowsPerSendMax: 1000, bytesPerSendMax: 900_000 },
    timing: {
      lockPollMs: 500,
      takeoverDelayMs: 500,
      outboxPollMs: 1000,
      retryDelayMs: 1000,
      measureIntervalMs: 5000,
    },
  });
  const apps = createApp({
    log,
    metrics,
    ready: { postgres: () => connectionOf(relay), kafka: () => need(producer.connected()) },
    routes: [],
    openapi: openApiDocument({
      title: "Mosis catalog relay",
      version: "1",
      description: "Publishes the outbox. It has no routes but /healthz, /readyz and /metrics.",
      operations: [],
    }),
  });
  return { relay, apps };
}

/** A standby counts as ready, as the active relay does. */
function connectionOf(relay: Relay): string {
  const state = relay.state();
  if (state === "connecting") throw new Error("PostgreSQL does not answer");
  return state;
}

function need(connected: boolean): void {
  if (!connected) throw new Error("Kafka does not answer");
}
