import {
  type ClientAddress,
  createApp,
  createClientAddress,
  createOrigins,
  networkOf,
  plainAddress,
  type RequestSample,
} from "@mosis/http";
import type { Socket } from "node:net";
import type { KafkaConfig, KeepUpOptions, Producer } from "@mosis/kafka";
import { addressRanges, type Lifecycle, type Logger, type Metrics } from "@mosis/runtime";
import { topics } from "@mosis/types/topics";
import { createAuthenticate } from "./access/authenticate.ts";
import { followAccess } from "./access/follow-access.ts";
import { watchBrokerClock } from "./clocks.ts";
import { type Backlog, createBacklog, watchTurns } from "./ingest/door/backlog.ts";
import { type BodyLimits, type BodyReader, createBodyReader } from "./ingest/reading/body.ts";
import { clientConfigRoutes } from "./ingest/door/client-config-routes.ts";
import { createCountryOf } from "./ingest/door/country.ts";
import { Flusher, flushLimits, openDryRun } from "./ingest/blocks/flush.ts";
import { batches, validation } from "./ingest/protocols/native.ts";
import { ingestDocument } from "./ingest/protocols/openapi.ts";
import { createIngestMetrics, createValidationMetrics, watchLevels } from "./ingest/books/metrics.ts";
import { readPartitions } from "./ingest/blocks/partitions.ts";
import { otlpLogs } from "./ingest/protocols/otlp/protocol.ts";
import type { Protocol } from "./ingest/protocols/protocol.ts";
import { segmentRoutes } from "./ingest/protocols/segment/protocol.ts";
import type { AddressShareLimits } from "./ingest/judging/quota/address-shares.ts";
import { Quotas } from "./ingest/judging/quota/quotas.ts";
import { publishUsage } from "./ingest/judging/quota/publish-usage.ts";
import { dayOf, Usage } from "./ingest/judging/quota/usage.ts";
import { RestrictionTable } from "./ingest/judging/restrictions.ts";
import { countRefusals } from "./ingest/books/refused-batches.ts";
import type { IngestDeps } from "./ingest/door/exchange.ts";
import { postTelemetry } from "./ingest/door/routes.ts";
import { Waste, wasteDefaults, type WasteLimits } from "./ingest/door/waste.ts";

export interface IngestOptions {
  kafka: KafkaConfig;
  producer: Producer;
  log: Logger;
  metrics: Metrics;
  life: Lifecycle;
  bodyTimeoutMs: number;
  heldBytesMax: number;
  /** The header in which a trusted proxy sends the country; null when there is none. */
  countryHeader: string | null;
  corsOrigins: readonly string[];
  usageIntervalMs: number;
  /** How the access table is kept up to date with its topics. */
  keepUp?: KeepUpOptions;
  /** Ranges in CIDR notation: see `createClientAddress`. */
  trustedProxies: readonly string[];
  /** The limits of what refused requests may cost. Default: `wasteDefaults`. */
  waste?: WasteLimits;
  /** The share of an app's limits that one address may use. Default: `shareDefaults`. */
  addressShares?: AddressShareLimits;
  observe?: (sample: RequestSample) => void;
  /** See `AppOptions` of @mosis/http. */
  managementApart?: boolean;
}

/** The rules of CORS: what a page may send, and what it may read of the answer. */
const fromBrowsers = {
  methods: ["POST"],
  // SDKs for browsers send fields of their own, and other fields with each version: X-Retry-Count,
  // AnonymousId, SentAt, RSA-Retry-Attempt. Fields that we do not know are ignored.
  sent: "any" as const,
  read: ["Location", "Retry-After", "X-Request-Id"],
};

/**
 * Creates every route of ingest; the hot ones come first and before any middleware. Ingest is not ready until
 * the access table is complete, and with it the restrictions and the usage of the day.
 */
export async function createIngest(options: IngestOptions) {
  const { producer, log, metrics, life, bodyTimeoutMs, heldBytesMax, observe } = options;
  const clientAddress = createClientAddress(options.trustedProxies);
  const waste = new Waste(options.waste ?? wasteDefaults, clientAddress);
  const { access, restrictions, usage, publisher } = await followRules(options, clientAddress);
  const bodies = openReader(life, "bodies", { bodyTimeoutMs, heldBytesMax });
  const shared = {
    access: access.table,
    restrictions,
    bodies,
    // They get an eighth: strangers must not take the memory of senders.
    openBodies: openReader(life, "open bodies", { bodyTimeoutMs, heldBytesMax: heldBytesMax / 8 }),
    waste,
    log,
    available: () => access.isComplete() && producer.connected(),
    heldBytesMax,
    waitingRequestsMax: 20_000,
    backlog: startBacklog(life),
    countryOf: createCountryOf(options.countryHeader),
    origins: createOrigins(options.corsOrigins, fromBrowsers),
    observe,
  };
  const storing = await storingDeps(options);
  watchLevels(metrics, {
    flusher: storing.flusher,
    heldBytes: () => bodies.heldBytes(),
    restrictions: () => restrictions.size(),
    unpublishedEvents: () => publisher.unpublished(),
  });
  const quotas = new Quotas(usage, options.addressShares);
  const store = (protocol: Protocol) => postTelemetry({ ...shared, ...storing, quotas }, protocol);
  const validate = postTelemetry({ ...shared, ...validatingDeps(metrics), quotas: null }, validation);
  const posts = new Map([batches, otlpLogs].map((protocol) => [protocol.route, store(protocol)]));
  posts.set(validation.route, validate);
  for (const protocol of segmentRoutes) {
    const post = store(protocol);
    // Paths match exactly, and Segment's SDKs for Java, Android and Ruby end them with a slash.
    posts.set(protocol.route, post).set(`${protocol.route}/`, post);
  }

  const apps = createApp({
    log,
    metrics,
    hot: { posts, preflight: shared.origins?.preflight },
    routes: [
      clientConfigRoutes({
        authenticate: createAuthenticate(access, waste.limits()),
        access: access.table,
        restrictions,
      }),
    ],
    ready: {
      access_table: () => access.check(),
      kafka() {
        if (!producer.connected()) throw new Error("Kafka does not answer");
      },
      clock: watchBrokerClock(producer, metrics),
    },
    openapi: ingestDocument(),
    managementApart: options.managementApart,
    clientAddress,
    ...(observe ? { observe } : {}),
  });
  return { apps, admits: admitsConnections(options.trustedProxies, waste), failed: access.failed };
}

function openReader(life: Lifecycle, name: string, limits: BodyLimits): BodyReader {
  return life.own(name, createBodyReader(limits), (it) => it.close());
}

/**
 * Returns a function that decides whether a connection is read. It is not when its address goes on although
 * it owes; a proxy speaks for many addresses, so its connections are always read.
 */
function admitsConnections(trustedProxies: readonly string[], waste: Waste): (socket: Socket) => boolean {
  const proxies = addressRanges(trustedProxies);
  return (socket) => {
    const address = plainAddress(socket.remoteAddress ?? "");
    return proxies.has(address) || !waste.isCutOff(networkOf(address), Date.now());
  };
}

/** Follows what requests are judged by, and keeps it up to date with the topics. */
async function followRules(options: IngestOptions, clientAddress: ClientAddress) {
  const { kafka, producer, log, metrics, life, usageIntervalMs: intervalMs } = options;
  const restrictions = new RestrictionTable({ log });
  const usage = new Usage();
  const access = await followAccess({
    kafka,
    producer,
    clientAddress,
    log,
    metrics,
    life,
    ...(options.keepUp ? { keepUp: options.keepUp } : {}),
    alongside: {
      [topics.restrictions]: restrictions,
      [topics.usage]: { apply: (process, value) => usage.apply(process, value, dayOf(Date.now())) },
    },
  });
  const publisher = life.own("usage", publishUsage({ usage, producer, log, intervalMs }), (it) => it.close());
  return { access, restrictions, usage, publisher };
}

type Destination = Pick<IngestDeps, "flusher" | "metrics" | "refusals">;

/** Starts the watch for a backlog. With 64 busy clients a turn of the event loop takes 20 ms. */
function startBacklog(life: Lifecycle): Backlog {
  const backlog = createBacklog({ turnMsMax: 250, turnRequestsMin: 100 });
  life.own("turns", watchTurns(backlog), (it) => it.close());
  return backlog;
}

async function storingDeps({ producer, log, metrics, life }: IngestOptions): Promise<Destination> {
  const ingestMetrics = createIngestMetrics(metrics);
  const partitions = await readPartitions({ producer, log });
  const flusher = new Flusher({
    ...flushLimits,
    send: (batches, withinMs) => producer.send(batches, withinMs),
    partitions: partitions.count,
    onSent(sent) {
      ingestMetrics.sent(sent);
      if (sent.failure) partitions.askAgain();
      // The requests are answered with 503 and are sent again; the log is for the operator of Kafka.
      if (sent.failure)
        log.error({ err: sent.failure, requests: sent.requests }, "A flush was not acknowledged");
    },
  });
  const refusals = life.own("refusals", countRefusals({ flusher, log, intervalMs: 2000 }), (it) =>
    it.close(),
  );
  metrics.level("ingest_refusals_waiting", "Counts of refused batches not in Kafka yet.", () =>
    refusals.waiting(),
  );
  return { flusher, metrics: ingestMetrics, refusals };
}

/**
 * Returns the destination of a validation. Every step is the same except the last, which sends nothing: so
 * the answer is the one that a batch would get.
 */
function validatingDeps(metrics: Metrics): Destination {
  return { flusher: openDryRun(), metrics: createValidationMetrics(metrics), refusals: { count() {} } };
}
