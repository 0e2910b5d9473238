import type { IncomingMessage, ServerResponse } from "node:http";
import type { Origins, RequestSample } from "@mosis/http";
import type { Logger } from "@mosis/runtime";
import type { ProblemCode, ProblemDetail } from "@mosis/types/problems";
import type { AccessRefusal, AccessTable, Grant } from "../../access/access-table.ts";
import type { BodyReader, SentBody } from "../reading/body.ts";
import type { CountryOf } from "./country.ts";
import type { Flusher } from "../blocks/flush.ts";
import type { IngestMetrics } from "../books/metrics.ts";
import type { Protocol } from "../protocols/protocol.ts";
import type { Quotas } from "../judging/quota/quotas.ts";
import type { Refusals } from "../books/refused-batches.ts";
import type { RestrictionTable } from "../judging/restrictions.ts";
import type { Capacity } from "./capacity.ts";
import { type Waste, wasteDetail } from "./waste.ts";

export interface IngestDeps extends Capacity {
  access: AccessTable;
  bodies: BodyReader;
  /**
   * Reads the bodies of requests whose key is in their body: strangers share little memory, and not with
   * senders.
   */
  openBodies: BodyReader;
  /** A flusher that sends nowhere makes a dry run of every step. */
  flusher: Flusher;
  metrics: Omit<IngestMetrics, "sent">;
  refusals: Pick<Refusals, "count">;
  /** The quotas to use up; null on a dry run, whose events are not stored. */
  quotas: Quotas | null;
  waste: Waste;
  restrictions: RestrictionTable;
  log: Logger;
  countryOf: CountryOf;
  /** The origins whose pages may read an answer; null for none. */
  origins: Origins | null;
  /** Reports a sample for self-telemetry: 0.2 µs a request, with both reads of the clock. */
  observe?: ((sample: RequestSample) => void) | undefined;
}

/** One request on its way through the steps of `routes.ts`. */
export interface Exchange {
  deps: IngestDeps;
  protocol: Protocol;
  res: ServerResponse;
  requestId: string;
  deliveryId: string;
  startedMs: number;
  credential: string | undefined;
  /** The key of the credential; null until it was looked up, and when it may not send. */
  grant: Grant | null;
  /** The network of the client. */
  network: string;
  /** The app of the request; null until it is known. */
  appId: string | null;
  /** Events that were appended or dropped: their work is not charged to the sender. */
  keptEvents: number;
}

export function openExchange(deps: IngestDeps, protocol: Protocol, res: ServerResponse, deliveryId: string) {
  const { req } = res;
  const exchange: Exchange = {
    deps,
    protocol,
    res,
    requestId: requestIdOf(req) ?? deliveryId,
    deliveryId,
    startedMs: performance.now(),
    credential: protocol.credentialOf(req),
    grant: null,
    network: deps.waste.networkOf(req),
    appId: null,
    keptEvents: 0,
  };
  return exchange;
}

/** Returns the client's id for this request when it is a plain word of reasonable length. */
function requestIdOf(req: IncomingMessage): string | undefined {
  const id = req.headers["x-request-id"];
  return typeof id === "string" && /^[\w.-]{1,64}$/.test(id) ? id : undefined;
}

/** Looks up the credential and keeps its key in the exchange. */
export function authenticate(exchange: Exchange): Grant | AccessRefusal {
  const { deps, credential, res } = exchange;
  const found = deps.access.authenticateWriter(credential, Date.now(), res.req);
  exchange.grant = typeof found === "string" ? null : found;
  return found;
}

interface RefusalParts {
  errors?: ProblemDetail[] | undefined;
  headers?: Record<string, string>;
}

/** Answers a request of which nothing is stored, and counts the refusal for its app, if that is known. */
export function refuse(
  exchange: Exchange,
  code: ProblemCode,
  detail: string,
  parts: RefusalParts = {},
): void {
  const { deps, protocol, res, requestId } = exchange;
  const { errors, headers = {} } = parts;
  deps.refusals.count(exchange.appId ?? onlyAppOf(exchange), code, Date.now());
  if (code === "unavailable") headers["Retry-After"] = "2";
  if (code === "credentials_missing" || code === "credentials_invalid") {
    headers["WWW-Authenticate"] = protocol.challenge;
  }
  // The rest of a slow body is not waited for.
  if (code === "request_timeout") headers["Connection"] = "close";
  protocol.refuse(res, requestId, { code, detail, errors, headers });
  answered(exchange);
}

/** Returns the app of a request that has not named one yet: the only app of its key, else null. */
function onlyAppOf({ deps, grant }: Exchange): string | null {
  if (grant === null) return null;
  const app = deps.access.appOf(grant, undefined);
  return typeof app === "string" ? null : app.appId;
}

/** Counts an answer that was written. */
export function answered({ deps, protocol, res, startedMs }: Exchange): void {
  const status = res.statusCode;
  deps.metrics.answered(status);
  const duration_ms = performance.now() - startedMs;
  deps.observe?.({ method: "POST", route: protocol.route, status, duration_ms });
}

/** Refuses a request that may not send, and charges its address. */
export function refuseStranger(exchange: Exchange, refusal: AccessRefusal): void {
  const { deps, protocol, res } = exchange;
  const detail = refusal === "credentials_missing" ? protocol.credentialsMissing : accessDetails[refusal];
  const startedMs = performance.now();
  refuse(exchange, refusal, detail);
  deps.waste.chargeStranger(res.req, performance.now() - startedMs, Date.now());
}

const accessDetails = {
  credentials_invalid: "The key is unknown, revoked or expired.",
  key_quarantined:
    "The key works again when its owner confirms it at the catalog: POST /v1/keys/{id}:confirm.",
  address_not_allowed: "The key works only from the addresses in its cidrs.",
  permission_missing: "The key lacks the permission telemetry:write.",
} as const;

/** Refuses an address or a key whose refused requests have cost too much. */
export function refuseWaste(exchange: Exchange, seconds: number): void {
  refuse(exchange, "rate_limited", wasteDetail, { headers: { "Retry-After": String(seconds) } });
}

/** Runs a step. A bug of ours costs one request its answer; it does not end the process. */
export function guard(exchange: Exchange, step: () => void): void {
  try {
    step();
  } catch (error) {
    exchange.deps.log.error({ err: error, request_id: exchange.requestId }, "A batch could not be processed");
    refuse(exchange, "internal_error", "The batch could not be processed. Report the request_id to us.");
  }
}

/**
 * Runs a step with what a sender has sent, and charges the sender for work of which nothing was kept. A large
 * body costs so much that reading the CPU's clock is cheap in comparison; by the wall's clock, the senders
 * would pay for a busy machine.
 */
export function guardWork(
  exchange: Exchange,
  { grant, sent }: { grant: Grant; sent: SentBody },
  step: () => void,
): void {
  if (sent.coding.inflate === null && sent.length <= freeBytesMax) return guard(exchange, step);
  const isLarge = sent.coding.inflate !== null || sent.length > largeBytesMin;
  const clock = isLarge ? cpuMs : wallMs;
  const startedMs = clock();
  guard(exchange, step);
  const spentMs = clock() - startedMs;
  const ms = isLarge ? spentMs : Math.min(spentMs, smallMsMax);
  exchange.deps.waste.chargeSender(exchange.network, grant, { ms, keptEvents: exchange.keptEvents });
}

/** So small a body costs less than what is free, whatever it contains: see `Waste`. */
const freeBytesMax = 1024;
const largeBytesMin = 65_536;
/** The most that a body may be charged that is not large. */
const smallMsMax = 20;

function wallMs(): number {
  return performance.now();
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
