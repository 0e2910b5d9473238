import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestSample } from "@mosis/http";
import type { Logger } from "@mosis/runtime";
import type { ProblemCode, ProblemDetail } from "@mosis/types/problems";
import type { AccessRefusal, AccessTable, AppRefusal, Grant } from "../access.ts";
import type { Body, BodyReader } from "./body.ts";
import { clockCorrection } from "./clock.ts";
import type { Delivery } from "./delivery.ts";
import { appendAll, noEvents } from "./deliveries.ts";
import type { Flusher } from "./flush.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Outcome } from "./pipeline.ts";
import type { Protocol, Reading } from "./protocol.ts";
import { addShare, fieldsOfRefusal, type QuotaRefusal, type Quotas, type Share } from "./quota/quotas.ts";
import type { RestrictionTable } from "./restrictions/table.ts";

export interface IngestDeps {
  access: AccessTable;
  bodies: BodyReader;
  /** One that sends nowhere makes a dry run of every step. */
  flusher: Flusher;
  outcomes: Omit<Outcomes, "sent">;
  /** Null on a dry run: what is not stored takes nothing. */
  quotas: Quotas | null;
  restrictions: RestrictionTable;
  log: Logger;
  /** True once the access table is complete and Kafka answers. */
  available: () => boolean;
  /** More bytes in arriving bodies and unacknowledged flushes than this, and new requests are refused. */
  heldBytesMax: number;
  /** More requests waiting for an acknowledgement than this, and new ones are refused. */
  waitingRequestsMax: number;
  /** Self-telemetry: 0.2 µs a request with both looks at the clock. */
  observe?: ((sample: RequestSample) => void) | undefined;
}

/** One request on its way through the steps below. */
interface Exchange {
  deps: IngestDeps;
  protocol: Protocol;
  res: ServerResponse;
  requestId: string;
  deliveryId: string;
  startedMs: number;
  credential: string | undefined;
}

/**
 * A request with telemetry, in any protocol: 1 room, 2 key, 3 body, 4 batches and their apps, 5 quotas,
 * 6 events, 7 answer after the acknowledgement. Written on callbacks and plain node:http, for these are the
 * only routes where a microsecond counts.
 */
export function postTelemetry(
  deps: IngestDeps,
  protocol: Protocol,
): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    const deliveryId = randomUUID();
    const requestId = requestIdOf(req) ?? deliveryId;
    const credential = protocol.credentialOf(req);
    const startedMs = performance.now();
    const exchange: Exchange = { deps, protocol, res, requestId, deliveryId, startedMs, credential };
    if (!hasRoom(deps)) {
      refuse(exchange, "unavailable", "Telemetry cannot be stored right now. Send it again later.");
      return;
    }
    const grant = grantOf(exchange);
    const arrival = grant === "credentials_invalid" ? deps.access.arrival(credential) : null;
    if (arrival) void arrival.then(() => receive(exchange, grantOf(exchange)));
    else receive(exchange, grant);
  };
}

function hasRoom({ available, flusher, bodies, heldBytesMax, waitingRequestsMax }: IngestDeps): boolean {
  if (!available()) return false;
  const { bytes, requests } = flusher.waiting();
  return requests < waitingRequestsMax && bytes + bodies.heldBytes() < heldBytesMax;
}

function grantOf({ deps, credential }: Exchange): Grant | AccessRefusal {
  return deps.access.authenticateWriter(credential, Date.now());
}

function receive(exchange: Exchange, grant: Grant | AccessRefusal): void {
  const { req } = exchange.res;
  // The client went away while its key was waited for.
  if (req.destroyed) return;
  if (typeof grant === "string") {
    refuse(exchange, grant, accessDetails[grant]);
    return;
  }
  exchange.deps.bodies.read(req, exchange.protocol.types, (body) => {
    if ("code" in body) refuse(exchange, body.code, body.detail);
    else takeOrFail(exchange, body);
  });
}

const accessDetails = {
  credentials_missing: "Send the header Authorization: Bearer <key>.",
  credentials_invalid: "The key is unknown, revoked or expired.",
  permission_missing: "The key lacks the permission telemetry:write.",
} as const;

/** A bug of ours costs one request its answer, not everybody the process. */
function takeOrFail(exchange: Exchange, body: Body): void {
  try {
    // Again: a body may take seconds to arrive, and its key may have been revoked meanwhile.
    const grant = grantOf(exchange);
    if (typeof grant === "string") refuse(exchange, grant, accessDetails[grant]);
    else take(exchange, grant, body);
  } catch (error) {
    exchange.deps.log.error({ err: error, request_id: exchange.requestId }, "A batch could not be processed");
    refuse(exchange, "internal_error", "The batch could not be processed. Tell us the request_id.");
  }
}

function take(exchange: Exchange, grant: Grant, body: Body): void {
  const { protocol, res, deps } = exchange;
  const reading = protocol.read(body, res.req);
  if ("code" in reading) return refuse(exchange, reading.code, reading.detail, reading);
  const receivedAtMs = Date.now();
  const deliveries: Delivery[] = [];
  const shares: Share[] = [];
  let missing: AppRefusal | null = null;
  let appless = 0;
  for (const batch of reading.batches) {
    const app = deps.access.appOf(grant, batch.package_id);
    if (typeof app === "string") {
      missing = app;
      appless += batch.events.length;
      continue;
    }
    const clockCorrectionMs = clockCorrection(batch.sent_at, receivedAtMs);
    if (Number.isNaN(clockCorrectionMs)) {
      return refuse(exchange, "batch_invalid", "The time of sending cannot be read.", {
        errors: sentAtErrors,
      });
    }
    addShare(shares, app, batch.events.length);
    const isFirst = deliveries.length === 0;
    deliveries.push({
      appId: app.appId,
      batch,
      rules: deps.restrictions.rulesOf(app.appId, grant, receivedAtMs),
      receivedAtMs,
      clockCorrectionMs,
      keyId: grant.keyId,
      deliveryId: isFirst ? exchange.deliveryId : randomUUID(),
      // Of one request: counted once, so that sums over deliveries are what came over the wire.
      bodyBytes: isFirst ? body.sentBytes : 0,
      eventBytesAtMost: reading.eventBytesAtMost,
    });
  }
  if (missing !== null && deliveries.length === 0) return refuseApp(exchange, missing);
  const refusal = deps.quotas?.take(shares, grant, receivedAtMs);
  if (refusal) return refuseOverQuota(exchange, shares, refusal);
  const { batches } = reading;
  store(exchange, deliveries, { batches, receivedAtMs, appless, body, shares, grant });
}

const sentAtErrors = [
  { pointer: "/sent_at", code: "time_invalid", message: "must be RFC 3339 or milliseconds" },
];

function refuseApp(exchange: Exchange, refusal: AppRefusal): void {
  if (refusal === "app_required") refuse(exchange, refusal, exchange.protocol.appRequired);
  else refuse(exchange, refusal, "There is no such app.");
}

function refuseOverQuota(exchange: Exchange, shares: Share[], refusal: QuotaRefusal): void {
  const events = shares.reduce((sum, share) => sum + share.events, 0);
  exchange.deps.outcomes.overQuota(refusal.code, events);
  refuse(exchange, refusal.code, refusal.detail, { headers: fieldsOfRefusal(refusal) });
}

interface Taken extends Pick<Reading, "batches"> {
  receivedAtMs: number;
  appless: number;
  body: Body;
  shares: Share[];
  grant: Grant;
}

/** From here on the events count against their quotas, unless they cannot be stored. */
function store(exchange: Exchange, deliveries: Delivery[], taken: Taken): void {
  const { deps, protocol, res, requestId } = exchange;
  const { batches, receivedAtMs, appless, body, shares, grant } = taken;
  const answer = (outcome: Outcome) => {
    deps.outcomes.batch(outcome, body.sentBytes);
    const rateLimit = deps.quotas?.fieldsOf(shares[0]?.app, grant, Date.now()) ?? null;
    protocol.answer(res, requestId, { batches, receivedAtMs, outcome, appless, rateLimit });
    answered(exchange);
  };
  // A request without a single event, where that is allowed.
  if (deliveries.length === 0) return answer(noEvents);
  let outcome: Outcome;
  try {
    outcome = appendAll(deps.flusher, deliveries);
  } catch (error) {
    // Ours alone: columns may be of different length now, so everybody who shares them must send again.
    deps.log.error({ err: error, request_id: requestId }, "A batch could not be encoded");
    deps.flusher.abandon(error instanceof Error ? error : new Error(String(error)));
    deps.quotas?.giveBack(shares, grant, receivedAtMs);
    return refuse(exchange, "internal_error", "The batch could not be processed.");
  }
  deps.flusher.commit((failure) => {
    if (failure) {
      deps.quotas?.giveBack(shares, grant, receivedAtMs);
      refuse(exchange, "unavailable", "The events could not be stored. Send them again, with the same ids.");
    } else {
      answer(outcome);
    }
  });
}

/**
 * Longest declared body that is still read to its end after a refusal, so that the connection can be kept.
 */
const discardedBytesMax = 16_777_216;

interface Further {
  errors?: ProblemDetail[] | undefined;
  headers?: Record<string, string>;
}

function refuse(exchange: Exchange, code: ProblemCode, detail: string, further: Further = {}): void {
  const { protocol, res, requestId } = exchange;
  const { errors, headers = {} } = further;
  if (code === "unavailable") headers["Retry-After"] = "2";
  if (code === "credentials_missing" || code === "credentials_invalid")
    headers["WWW-Authenticate"] = "Bearer";
  const declared = Number(res.req.headers["content-length"] ?? 0);
  if (code === "request_timeout" || declared > discardedBytesMax) headers["Connection"] = "close";
  protocol.refuse(res, requestId, { code, detail, errors, headers });
  answered(exchange);
}

function answered({ deps, protocol, res, startedMs }: Exchange): void {
  const status = res.statusCode;
  deps.outcomes.answered(status);
  const duration_ms = performance.now() - startedMs;
  deps.observe?.({ method: "POST", route: protocol.route, status, duration_ms });
}

/** The client's id for this request when it is a plain word of reasonable length. */
function requestIdOf(req: IncomingMessage): string | undefined {
  const id = req.headers["x-request-id"];
  return typeof id === "string" && /^[\w.-]{1,64}$/.test(id) ? id : undefined;
}
