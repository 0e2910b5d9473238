import type { ClickHouse } from "@mosis/clickhouse";
import { createApp, openApiDocument, type RequestSample } from "@mosis/http";
import { type KafkaConfig, openLagReader } from "@mosis/kafka";
import type { Lifecycle, Logger, Metrics } from "@mosis/runtime";
import { topics } from "@mosis/types/topics";
import { auditRoutes } from "./audit/routes.ts";
import { createAuthenticate } from "./auth.ts";
import { checkAccess, followAccess } from "./follow-access.ts";
import { queryApi } from "./openapi.ts";
import { receiptRoutes } from "./receipts/routes.ts";
import { writerGroup } from "./writer/group.ts";

export interface QueryOptions {
  kafka: KafkaConfig;
  store: ClickHouse;
  log: Logger;
  metrics: Metrics;
  life: Lifecycle;
  observe?: (sample: RequestSample) => void;
}

/** Every route of query. Not ready until the access table is complete. */
export async function createQuery({ kafka, store, log, metrics, life, ...rest }: QueryOptions) {
  const access = await followAccess({ kafka, log, metrics, life });
  const authenticate = createAuthenticate(access);
  // Of apps too: a receipt needs to know whose the app is.
  const behind = { group: writerGroup(kafka), topics: [topics.events, topics.apps] };
  const writerLag = life.own("writer lag", openLagReader(kafka, behind), (it) => it.close());
  const app = createApp({
    ...rest,
    log,
    metrics,
    ready: {
      access_table: () => checkAccess(access),
      kafka: async () => void (await writerLag.read()),
      clickhouse: () => store.health(),
    },
    routes: [receiptRoutes({ store, writerLag, authenticate }), auditRoutes({ store, authenticate })],
    openapi: openApiDocument(queryApi),
  });
  return { app, failed: access.failed };
}
