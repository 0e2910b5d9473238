import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestSample } from "@mosis/http";
import type { Logger } from "@mosis/runtime";
import type { ProblemCode, ProblemDetail } from "@mosis/types/problems";
import type { AccessRefusal, AccessTable, Grant } from "../access.ts";
import type { Body, BodyReader } from "./body.ts";
import type { CountryOf } from "./country.ts";
import { appendAll, type Deliveries, deliveriesOf, type Received } from "./deliveries.ts";
import type { Outcome } from "./delivery.ts";
import type { Flusher } from "./flush.ts";
import type { Origins } from "@mosis/http";
import type { Outcomes } from "./outcomes.ts";
import type { Protocol, Reading } from "./protocol.ts";
import { fieldsOfRefusal, type QuotaRefusal, type Quotas, type Share } from "./quota/quotas.ts";
import { appOfRefused, type Refusals } from "./refusals.ts";
import type { RestrictionTable } from "./restrictions/table.ts";
import { hasRoom, type Room } from "./room.ts";

export interface IngestDeps extends Room {
  access: AccessTable;
  bodies: BodyReader;
  /** One that sends nowhere makes a dry run of every step. */
  flusher: Flusher;
  outcomes: Omit<Outcomes, "sent">;
  refusals: Pick<Refusals, "count">;
  /** Null on a dry run: what is not stored takes nothing. */
  quotas: Quotas | null;
  restrictions: RestrictionTable;
  log: Logger;
  countryOf: CountryOf;
  /** Null: no page of another origin may read an answer. */
  origins: Origins | null;
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
  /** Null until it is known. */
  appId: string | null;
}

/**
 * A request with telemetry, in any protocol: 1 room, 2 key, 3 body, 4 batches, their key and apps,
 * 5 quotas, 6 events, 7 answer after the acknowledgement. Written on callbacks and plain node:http, for these
 * are the only routes where a microsecond counts.
 */
export function postTelemetry(
  deps: IngestDeps,
  protocol: Protocol,
): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    deps.origins?.allow(req, res);
    const deliveryId = randomUUID();
    const requestId = requestIdOf(req) ?? deliveryId;
    const credential = protocol.credentialOf(req);
    const startedMs = performance.now();
    const exchange: Exchange = {
      deps,
      protocol,
      res,
      requestId,
      deliveryId,
      startedMs,
      credential,
      appId: null,
    };
    if (!hasRoom(deps)) {
      refuse(exchange, "unavailable", "Telemetry cannot be stored right now. Send it again later.");
      return;
    }
    if (credential === undefined && protocol.keyInBody) receive(exchange);
    else authorize(exchange, () => receive(exchange));
  };
}

/** Goes on with a key that may send, or refuses. A key that nobody knows yet may be on its way. */
function authorize(exchange: Exchange, next: (grant: Grant) => void): void {
  const { access } = exchange.deps;
  const { credential, res } = exchange;
  const judged = () => access.authenticateWriter(credential, Date.now(), res.req);
  const grant = judged();
  const arrival = grant === "credentials_invalid" ? access.arrival(credential) : null;
  if (arrival) void arrival.then(() => settle(exchange, judged(), next));
  else settle(exchange, grant, next);
}

function settle(exchange: Exchange, grant: Grant | AccessRefusal, next: (grant: Grant) => void): void {
  // The client went away while its key was waited for.
  if (exchange.res.destroyed) return;
  if (typeof grant === "string") refuse(exchange, grant, accessDetails[grant]);
  else guard(exchange, () => next(grant));
}

const accessDetails = {
  credentials_missing: "Send the header Authorization: Bearer <key>.",
  credentials_invalid: "The key is unknown, revoked or expired.",
  key_quarantined:
    "The key works again when its owner confirms it at the catalog: POST /v1/keys/{id}:confirm.",
  address_not_allowed: "The key works from the addresses in its cidrs alone.",
  permission_missing: "The key lacks the permission telemetry:write.",
} as const;

/** A bug of ours costs one request its answer, not everybody the process. */
function guard(exchange: Exchange, step: () => void): void {
  try {
    step();
  } catch (error) {
    exchange.deps.log.error({ err: error, request_id: exchange.requestId }, "A batch could not be processed");
    refuse(exchange, "internal_error", "The batch could not be processed. Tell us the request_id.");
  }
}

function receive(exchange: Exchange): void {
  const { deps, protocol, res } = exchange;
  deps.bodies.read(res.req, protocol.types, (body) => {
    if ("code" in body) refuse(exchange, body.code, body.detail);
    else guard(exchange, () => read(exchange, body));
  });
}

function read(exchange: Exchange, body: Body): void {
  // A key in the body is known once that is read; one in a header comes first.
  if (exchange.credential === undefined && exchange.protocol.keyInBody) {
    const reading = readingOf(exchange, body);
    if (!reading) return;
    exchange.credential = reading.credential;
    return authorize(exchange, (grant) => take(exchange, grant, reading, body));
  }
  // Again: a body may take seconds to arrive, and its key may have been revoked meanwhile. Before the body is
  // read, because between reading and storing nothing else may be read: see `ScannedEvents`.
  authorize(exchange, (grant) => {
    const reading = readingOf(exchange, body);
    if (reading) take(exchange, grant, reading, body);
  });
}

/** @returns undefined when the request was refused. */
function readingOf(exchange: Exchange, body: Body): Reading | undefined {
  const reading = exchange.protocol.read(body, exchange.res.req);
  if (!("code" in reading)) return reading;
  refuse(exchange, reading.code, reading.detail, reading);
  return undefined;
}

function take(exchange: Exchange, grant: Grant, reading: Reading, body: Body): void {
  const { deps, protocol, res, deliveryId } = exchange;
  const country = deps.countryOf(res.req);
  const received = { grant, reading, body, receivedAtMs: Date.now(), country, deliveryId };
  const deliveries = deliveriesOf(deps, received, protocol);
  if ("code" in deliveries) return refuse(exchange, deliveries.code, deliveries.detail, deliveries);
  exchange.appId = deliveries.deliveries[0]?.appId ?? null;
  const refusal = deps.quotas?.take(deliveries.shares, grant, received.receivedAtMs);
  if (refusal) return refuseOverQuota(exchange, deliveries.shares, refusal);
  store(exchange, received, deliveries);
}

function refuseOverQuota(exchange: Exchange, shares: Share[], refusal: QuotaRefusal): void {
  const events = shares.reduce((sum, share) => sum + share.events, 0);
  exchange.deps.outcomes.overQuota(refusal.code, events);
  refuse(exchange, refusal.code, refusal.detail, { headers: fieldsOfRefusal(refusal) });
}

/** From here on the events count against their quotas, unless they cannot be stored. */
function store(exchange: Exchange, received: Received, found: Deliveries): void {
  const { deliveries, shares, appless, refused } = found;
  const { deps, protocol, res, requestId } = exchange;
  const { grant, receivedAtMs } = received;
  // While it waits, a request holds what its answer says and nothing more: body and read events are several
  // times what is counted of it, the columns.
  const { sentBytes } = received.body;
  const batchId = received.reading.batches[0]?.batch_id ?? null;
  const answer = (outcome: Outcome) => {
    deps.outcomes.batch(outcome, sentBytes);
    const rateLimit = deps.quotas?.fieldsOf(shares[0]?.app, grant, Date.now()) ?? null;
    protocol.answer(res, requestId, { batchId, receivedAtMs, outcome, appless, rateLimit });
    answered(exchange);
  };
  if (refused) deps.refusals.count(null, refused.code, receivedAtMs, refused.batches);
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
  // A request without anything to store, where that is allowed.
  if (deliveries.length === 0) return answer(outcome);
  deps.flusher.commit((failure) => {
    if (failure) {
      deps.quotas?.giveBack(shares, grant, receivedAtMs);
      refuse(exchange, "unavailable", "The events could not be stored. Send them again, with the same ids.");
    } else {
      answer(outcome);
    }
  }, deliveries[0]?.eventBytesAtMost);
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
  const { deps, protocol, res, requestId, credential } = exchange;
  const { errors, headers = {} } = further;
  const nowMs = Date.now();
  const grant = deps.access.authenticateWriter(credential, nowMs, res.req);
  deps.refusals.count(exchange.appId ?? appOfRefused(deps.access, grant), code, nowMs);
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
