import type { ClickHouse } from "@mosis/clickhouse";
import {
  createApp,
  createClientAddress,
  openApiDocument,
  type RequestSample,
  createRateLimits,
  type RequestRates,
} from "@mosis/http";
import { type KafkaConfig, openLagReader, type OutgoingBatch, type Producer } from "@mosis/kafka";
import type { Lifecycle, Logger, Metrics } from "@mosis/runtime";
import { recordHeaders, topics } from "@mosis/types/topics";
import { createFindApp } from "./access/find-app.ts";
import { createClockCheck } from "./clocks.ts";
import { auditRoutes } from "./audit/routes.ts";
import { createAuthenticate } from "./access/authenticate.ts";
import { createRequestedErasures } from "./erasures/requested.ts";
import { erasureRoutes } from "./erasures/routes.ts";
import { followAccess } from "./access/follow-access.ts";
import { Flusher, flushLimits } from "./ingest/blocks/flush.ts";
import { readPartitions } from "./ingest/blocks/partitions.ts";
import { RestrictionTable } from "./ingest/judging/restrictions.ts";
import { queryApi } from "./openapi.ts";
import { outcomeRoutes } from "./outcomes/routes.ts";
import { receiptRoutes } from "./receipts/routes.ts";
import { rejectedRoutes } from "./rejected/routes.ts";
import { createStoreOf, storeShares } from "./store/store-shares.ts";
import { writerGroup } from "./writer/consumer-group.ts";

export interface QueryOptions {
  kafka: KafkaConfig;
  /** The producer for replays. */
  producer: Producer;
  store: ClickHouse;
  log: Logger;
  metrics: Metrics;
  life: Lifecycle;
  /** Ranges in CIDR notation: see `createClientAddress`. */
  trustedProxies: readonly string[];
  requestRates: RequestRates;
  observe?: (sample: RequestSample) => void;
  /** See `AppOptions` of @mosis/http. */
  managementApart?: boolean;
}

/** Creates every route of query. Query is not ready until the access table is complete. */
export async function createQuery({ trustedProxies, requestRates, ...options }: QueryOptions) {
  const { kafka, producer, store, log, metrics, life, ...rest } = options;
  const clientAddress = createClientAddress(trustedProxies);
  const restrictions = new RestrictionTable({ log });
  const requested = createRequestedErasures({ log });
  const access = await followAccess({
    kafka,
    producer,
    clientAddress,
    log,
    metrics,
    life,
    alongside: {
      // Replayed events are restricted like newly sent ones.
      [topics.restrictions]: restrictions,
      [topics.erasures]: requested,
    },
  });
  const limits = createRateLimits({ rates: requestRates, clientAddress });
  const authenticate = createAuthenticate(access, limits);
  const storeOf = createStoreOf(store, storeShares);
  const shared = { storeOf, authenticate, findApp: createFindApp(access.table) };
  // The lag of apps counts too: a receipt needs to know whose the app is.
  const behind = { group: writerGroup(kafka), topics: [topics.events, topics.apps] };
  const writerLag = life.own("writer lag", openLagReader(kafka, behind), (it) => it.close());
  const apps = createApp({
    ...rest,
    clientAddress,
    log,
    metrics,
    ready: {
      access_table: () => access.check(),
      kafka: async () => void (await writerLag.read()),
      clickhouse: () => store.health(),
      clock: createClockCheck({ producer, store, metrics }),
    },
    routes: [
      receiptRoutes({ ...shared, writerLag }),
      auditRoutes(shared),
      outcomeRoutes(shared),
      erasureRoutes({ ...shared, requested }),
      rejectedRoutes({ ...shared, restrictions, flusher: await openReplayFlusher(producer, log) }),
    ],
    openapi: openApiDocument(queryApi),
  });
  return { apps, failed: access.failed };
}

/**
 * Opens a flusher that sends like that of ingest, so that replayed events go the same way. Every record says
 * that it comes from a replay.
 */
async function openReplayFlusher(producer: Producer, log: Logger): Promise<Flusher> {
  const partitions = await readPartitions({ producer, log });
  return new Flusher({
    ...flushLimits,
    send: (batches, withinMs) => producer.send(batches.map(fromReplay), withinMs),
    partitions: partitions.count,
    onSent({ failure, requests }) {
      if (!failure) return;
      partitions.askAgain();
      log.error({ err: failure, events: requests }, "Replayed events were not acknowledged");
    },
  });
}

function fromReplay({ topic, messages }: OutgoingBatch): OutgoingBatch {
  const mark = { [recordHeaders.fromReplay]: "1" };
  return {
    topic,
    messages: messages.map((message) => ({ ...message, headers: { ...message.headers, ...mark } })),
  };
}
