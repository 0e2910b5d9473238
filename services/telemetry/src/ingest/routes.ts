import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { problem, type RequestSample, sendProblem } from "@mosis/http";
import type { Logger } from "@mosis/runtime";
import type { ProblemCode, ProblemDetail } from "@mosis/types/problems";
import { batchHeaders, type TelemetryBatch } from "@mosis/types/telemetry";
import type { AccessRefusal, AccessTable, Grant } from "../access.ts";
import { parseBatch } from "./batch.ts";
import type { Body, BodyReader } from "./body.ts";
import { clockCorrection } from "./clock.ts";
import type { Flusher } from "./flush.ts";
import { hasTooManyParts, tooManyParts } from "./json-bounds.ts";
import { parseLines } from "./lines.ts";
import type { Outcomes } from "./outcomes.ts";
import { appendDelivery, type Outcome } from "./pipeline.ts";

export interface IngestDeps {
  access: AccessTable;
  bodies: BodyReader;
  flusher: Flusher;
  /** Nothing is stored: `flusher` sends nowhere, and there will be no receipt. */
  dryRun: boolean;
  outcomes: Pick<Outcomes, "answered" | "batch">;
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
  res: ServerResponse;
  requestId: string;
  deliveryId: string;
  startedMs: number;
}

export const batchesPath = "/v1/telemetry/batches";
export const validatePath = `${batchesPath}:validate`;

/**
 * `POST /v1/telemetry/batches`: 1 room, 2 key, 3 body, 4 envelope and app, 5 events, 6 answer after the
 * acknowledgement; `:validate` is the same with a flusher that sends nowhere. Written on callbacks and plain
 * node:http, for this is the only route where a microsecond counts.
 */
export function postBatches(deps: IngestDeps): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    const deliveryId = randomUUID();
    const requestId = requestIdOf(req) ?? deliveryId;
    const exchange: Exchange = { deps, res, requestId, deliveryId, startedMs: performance.now() };
    if (!hasRoom(deps)) {
      refuse(exchange, "unavailable", "Telemetry cannot be stored right now. Send the batch again later.");
      return;
    }
    const grant = grantOf(deps, req);
    const arrival = grant === "credentials_invalid" ? deps.access.arrival(req.headers.authorization) : null;
    if (arrival) void arrival.then(() => receive(exchange, req, grantOf(deps, req)));
    else receive(exchange, req, grant);
  };
}

function grantOf({ access }: IngestDeps, req: IncomingMessage): Grant | AccessRefusal {
  return access.authenticateWriter(req.headers.authorization, Date.now());
}

function receive(exchange: Exchange, req: IncomingMessage, grant: Grant | AccessRefusal): void {
  // The client went away while its key was waited for.
  if (req.destroyed) return;
  if (typeof grant === "string") {
    refuse(exchange, grant, accessDetails[grant]);
    return;
  }
  exchange.deps.bodies.read(req, (body) => {
    if ("code" in body) refuse(exchange, body.code, body.detail);
    else takeOrFail(exchange, body);
  });
}

/** A bug of ours costs one request its answer, not everybody the process. */
function takeOrFail(exchange: Exchange, body: Body): void {
  try {
    // Again: a body may take seconds to arrive, and its key may have been revoked meanwhile.
    const grant = grantOf(exchange.deps, exchange.res.req);
    if (typeof grant === "string") refuse(exchange, grant, accessDetails[grant]);
    else take(exchange, grant, body);
  } catch (error) {
    exchange.deps.log.error({ err: error, request_id: exchange.requestId }, "A batch could not be processed");
    refuse(exchange, "internal_error", "The batch could not be processed. Tell us the request_id.");
  }
}

const accessDetails = {
  credentials_missing: "Send the header Authorization: Bearer <key>.",
  credentials_invalid: "The key is unknown, revoked or expired.",
  permission_missing: "The key lacks the permission telemetry:write.",
} as const;

function hasRoom({ available, flusher, bodies, heldBytesMax, waitingRequestsMax }: IngestDeps): boolean {
  if (!available()) return false;
  const { bytes, requests } = flusher.waiting();
  return requests < waitingRequestsMax && bytes + bodies.heldBytes() < heldBytesMax;
}

function take(exchange: Exchange, grant: Grant, body: Body): void {
  const { deps, deliveryId } = exchange;
  if (hasTooManyParts(body.bytes)) return refuse(exchange, "batch_invalid", tooManyParts);
  const batch =
    body.form === "json" ? parseBatch(body.bytes) : parseLines(body.bytes, exchange.res.req.headers);
  if (!("events" in batch)) return refuse(exchange, batch.code, batch.detail, batch.errors);
  const app = deps.access.appOf(grant, batch.package_id);
  if (app === "app_required") {
    const detail = `The key serves several apps: send package_id, in NDJSON as ${batchHeaders.package_id}.`;
    return refuse(exchange, app, detail);
  }
  if (app === "not_found") return refuse(exchange, app, "There is no such app.");
  const receivedAtMs = Date.now();
  const clockCorrectionMs = clockCorrection(batch.sent_at, receivedAtMs);
  if (Number.isNaN(clockCorrectionMs)) {
    const errors = [
      { pointer: "/sent_at", code: "time_invalid", message: "must be RFC 3339 or milliseconds" },
    ];
    return refuse(exchange, "batch_invalid", "The time of sending cannot be read.", errors);
  }
  const delivery = {
    appId: app.appId,
    batch,
    receivedAtMs,
    clockCorrectionMs,
    keyId: grant.keyId,
    deliveryId,
    bodyBytes: body.sentBytes,
    inflatedBytes: body.bytes.length,
  };
  let outcome: Outcome;
  try {
    outcome = appendDelivery(deps.flusher, delivery);
  } catch (error) {
    // Ours alone: columns may be of different length now, so everybody who shares them must send again.
    deps.log.error({ err: error, request_id: exchange.requestId }, "A batch could not be encoded");
    deps.flusher.abandon(error instanceof Error ? error : new Error(String(error)));
    return refuse(exchange, "internal_error", "The batch could not be processed.");
  }
  deps.flusher.commit((failure) => {
    if (failure) {
      refuse(
        exchange,
        "unavailable",
        "The events could not be stored. Send the batch again, with the same ids.",
      );
    } else {
      deps.outcomes.batch(outcome, body.sentBytes);
      accept(exchange, batch, receivedAtMs, outcome);
    }
  });
}

function accept(exchange: Exchange, batch: TelemetryBatch, receivedAtMs: number, outcome: Outcome): void {
  const { deps, res, requestId } = exchange;
  const batchId = batch.batch_id.toLowerCase();
  const receivedAt = timestamp(receivedAtMs);
  const results = outcome.results.length === 0 ? "[]" : JSON.stringify(outcome.results);
  // Everything that is put together here by hand was checked to need no escaping.
  const body =
    `{"batch_id":"${batchId}","received_at":"${receivedAt}","accepted":${outcome.accepted},` +
    `"rejected":${outcome.rejected},"results":${results}}`;
  const type = "application/json";
  const bytes = results.length === 2 ? body.length : Buffer.byteLength(body);
  if (deps.dryRun) {
    res.writeHead(200, { "Content-Type": type, "Content-Length": bytes, "X-Request-Id": requestId });
  } else {
    res.writeHead(202, {
      "Content-Type": type,
      "Content-Length": bytes,
      Location: `${batchesPath}/${batchId}?received_at=${receivedAt}`,
      "X-Request-Id": requestId,
    });
  }
  res.end(body);
  answered(exchange);
}

/**
 * Longest declared body that is still read to its end after a refusal, so that the connection can be kept.
 */
const discardedBytesMax = 16_777_216;

function refuse(exchange: Exchange, code: ProblemCode, detail: string, errors?: ProblemDetail[]): void {
  const { res, requestId } = exchange;
  const headers: Record<string, string> = {};
  if (code === "unavailable") headers["Retry-After"] = "2";
  if (code === "credentials_missing" || code === "credentials_invalid")
    headers["WWW-Authenticate"] = "Bearer";
  const declared = Number(res.req.headers["content-length"] ?? 0);
  if (code === "request_timeout" || declared > discardedBytesMax) headers["Connection"] = "close";
  sendProblem(res, problem(code, detail, errors ? { headers, errors } : { headers }), requestId);
  answered(exchange);
}

function answered({ deps, res, startedMs }: Exchange): void {
  const status = res.statusCode;
  deps.outcomes.answered(status);
  const route = deps.dryRun ? validatePath : batchesPath;
  deps.observe?.({ method: "POST", route, status, duration_ms: performance.now() - startedMs });
}

/** The client's id for this request when it is a plain word of reasonable length. */
function requestIdOf(req: IncomingMessage): string | undefined {
  const id = req.headers["x-request-id"];
  return typeof id === "string" && /^[\w.-]{1,64}$/.test(id) ? id : undefined;
}

let timestampMs = 0;
let timestampText = "";

/** Many requests share a millisecond, and formatting a date costs a microsecond. */
function timestamp(ms: number): string {
  if (ms !== timestampMs) {
    timestampMs = ms;
    timestampText = new Date(ms).toISOString();
  }
  return timestampText;
}
