import { createApp, openApiDocument } from "@mosis/http";
import type { Pool, Session } from "@mosis/postgres";
import type { Logger, Metrics } from "@mosis/runtime";
import { startDeliverer } from "./deliverer.ts";
import type { Resolve } from "./resolve.ts";
import { readWebhookOptions, type WebhookOptions } from "../subscriptions/options.ts";

export interface WebhooksProcessOptions {
  db: Pool;
  openSession: () => Promise<Session>;
  webhooks: WebhookOptions;
  resolve: Resolve;
  log: Logger;
  metrics: Metrics;
}

/** Creates the deliverer with its limits, and the applications that report its state. */
export function createWebhooks(options: WebhooksProcessOptions) {
  const { db, openSession, webhooks, resolve, log, metrics } = options;
  const { secrets, judge } = readWebhookOptions(webhooks);
  const deliverer = startDeliverer({
    db,
    openSession,
    secrets,
    log,
    metrics,
    attempt: { resolve, judge, timeoutMs: 15_000 },
    limits: {
      attemptsMax: 128,
      perWebhookMax: 4,
      perHostMax: 16,
      perDeveloperMax: 16,
      shareOfFreeMax: 0.125,
      slowMax: 64,
      unprovenMax: 96,
    },
    timing: {
      pollMs: 1000,
      retryDelayMs: 1000,
      leaseSeconds: 60,
      sweepIntervalMs: 600_000,
      measureIntervalMs: 5000,
    },
  });
  const apps = createApp({
    log,
    metrics,
    ready: { postgres: () => db.check() },
    routes: [],
    openapi: openApiDocument({
      title: "Mosis catalog webhooks",
      version: "1",
      description: "Delivers to webhooks. It has no routes but /healthz, /readyz and /metrics.",
      operations: [],
    }),
  });
  return { deliverer, apps };
}
