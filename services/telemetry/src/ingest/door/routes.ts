import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { droppedCodes, telemetryLimits } from "@mosis/types/telemetry";
import type { AccessRefusal, Grant } from "../../access/access-table.ts";
import type { BatchRefusal } from "../reading/batch.ts";
import { type Body, decodeBody, type SentBody } from "../reading/body.ts";
import { appendAll, type Deliveries, deliveriesOf, type Received } from "./deliveries.ts";
import { isRefusal, type Outcome } from "../events/delivery.ts";
import {
  answered,
  authenticate,
  type Exchange,
  guard,
  guardWork,
  type IngestDeps,
  openExchange,
  refuse,
  refuseStranger,
  refuseWaste,
} from "./exchange.ts";
import type { Protocol, Reading } from "../protocols/protocol.ts";
import { countRefused } from "../judging/pipeline.ts";
import type { QuotaRefusal } from "../events/refusal.ts";
import { fieldsOfRefusal } from "../judging/quota/refusal.ts";
import type { Sender, Share } from "../judging/quota/share.ts";
import { hasCapacity } from "./capacity.ts";
import { openBodyLimits } from "../protocols/segment/write-key.ts";

/**
 * Serves a request with telemetry, in any protocol: 1 capacity, 2 key and what its sender has cost, 3 body, 4
 * batches, their key and apps, 5 quotas, 6 events, 7 answer after the acknowledgement. Before there is a key,
 * a body is only searched for one. The steps use callbacks and plain node:http, because these are the only
 * routes where a microsecond counts.
 */
export function postTelemetry(
  deps: IngestDeps,
  protocol: Protocol,
): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    deps.origins?.allow(req, res);
    const exchange = openExchange(deps, protocol, res, randomUUID());
    if (!hasCapacity(deps)) {
      // The refusal is counted for the app of the request's key.
      authenticate(exchange);
      refuseUnavailable(exchange);
      return;
    }
    if (exchange.credential === undefined && protocol.keysIn) receiveOpen(exchange, protocol.keysIn);
    else authorize(exchange, (grant) => receive(exchange, grant));
  };
}

/**
 * Goes on with a key that may send, or refuses the request. The record of an unknown key may be on its way.
 */
function authorize(exchange: Exchange, next: (grant: Grant) => void): void {
  const { access, waste } = exchange.deps;
  const grant = authenticate(exchange);
  if (typeof grant !== "string") {
    proceed(exchange, grant, next);
    return;
  }
  const seconds = waste.strangerWaits(exchange.network, Date.now());
  if (seconds > 0) return refuseCharged(exchange, seconds);
  const arrival = grant === "credentials_invalid" ? access.arrival(exchange.credential) : null;
  if (arrival) void arrival.then(() => proceed(exchange, authenticate(exchange), next));
  else proceed(exchange, grant, next);
}

function refuseUnavailable(exchange: Exchange): void {
  refuse(exchange, "unavailable", "Telemetry cannot be stored right now. Send it again later.");
}

/** A client that does not wait owes more and more, until its connections are no longer accepted. */
function refuseCharged(exchange: Exchange, seconds: number): void {
  const startedMs = performance.now();
  refuseWaste(exchange, seconds);
  exchange.deps.waste.chargeStranger(exchange.res.req, performance.now() - startedMs, Date.now());
}

function proceed(exchange: Exchange, grant: Grant | AccessRefusal, next: (grant: Grant) => void): void {
  // The client went away while the request waited for its key.
  if (exchange.res.destroyed) return;
  // The key may be one of those that are being read again.
  if (grant === "credentials_invalid" && !exchange.deps.available()) refuseUnavailable(exchange);
  else if (typeof grant === "string") refuseStranger(exchange, grant);
  else guard(exchange, () => next(grant));
}

/** A body of 1 MiB in chunks of 256 bytes has so many pieces. */
const bodyLimits = { bytesMax: telemetryLimits.bodyBytesMax, piecesMax: 4096 };

function receive(exchange: Exchange, grant: Grant): void {
  const { deps, protocol, res, network } = exchange;
  const seconds = deps.waste.senderWaits(network, grant, Date.now());
  if (seconds > 0) return refuseWaste(exchange, seconds);
  const holders = [grant.developerId, network];
  deps.bodies.read(res.req, { types: protocol.types, limits: bodyLimits, holders }, (sent) => {
    if ("code" in sent) {
      refuse(exchange, sent.code, sent.detail);
      deps.waste.chargeSender(network, grant, { ms: unreadBodyMs, keptEvents: 0 });
      return;
    }
    // The key is authorized again: a body may take seconds to arrive, and the key may have been revoked
    // meanwhile. This happens before the body is read, because between reading and storing nothing else may
    // be read: see `ScannedEvents`.
    authorize(exchange, (now) => {
      guardWork(exchange, { grant: now, sent }, () => {
        const read = readingOf(exchange, sent);
        if (read) take(exchange, now, read);
      });
    });
  });
}

/** The charge for a body that was refused while it arrived. */
const unreadBodyMs = 2;

/**
 * Receives a request whose key can only be in its body: little is read from a stranger, and nothing is
 * parsed.
 */
function receiveOpen(exchange: Exchange, keysIn: (sent: SentBody) => string[]): void {
  const { deps, protocol, res, network } = exchange;
  const seconds = deps.waste.strangerWaits(network, Date.now());
  if (seconds > 0) return refuseCharged(exchange, seconds);
  const how = { types: protocol.types, limits: openBodyLimits, holders: [network] };
  deps.openBodies.read(res.req, how, (sent) => {
    if ("code" in sent) {
      refuse(exchange, sent.code, sent.detail);
      deps.waste.chargeStranger(res.req, 0, Date.now());
      return;
    }
    guard(exchange, () => readOpen(exchange, sent, keysIn(sent)));
  });
}

function readOpen(exchange: Exchange, sent: SentBody, keys: readonly string[]): void {
  const { access, waste } = exchange.deps;
  const isGood = (key: string) =>
    typeof access.authenticateWriter(key, Date.now(), exchange.res.req) !== "string";
  exchange.credential = keys.find(isGood) ?? keys[0];
  authorize(exchange, (found) => {
    const seconds = waste.senderWaits(exchange.network, found, Date.now());
    if (seconds > 0) return refuseWaste(exchange, seconds);
    guardWork(exchange, { grant: found, sent }, () => {
      const read = readingOf(exchange, sent);
      if (!read) return;
      // A key was seen somewhere in the body. It counts only where the protocol has it.
      exchange.credential = read.reading.credential;
      authorize(exchange, (grant) => take(exchange, grant, read));
    });
  });
}

interface Read {
  reading: Reading;
  body: Body;
}

/**
 * Reads the batches of a body.
 * @returns undefined when the request was refused.
 */
function readingOf(exchange: Exchange, sent: SentBody): Read | undefined {
  const body = decodeBody(sent);
  const reading: Reading | BatchRefusal =
    "code" in body ? body : exchange.protocol.read(body, exchange.res.req);
  if (!("code" in reading)) return { reading, body: body as Body };
  refuse(exchange, reading.code, reading.detail, { errors: reading.errors });
  return undefined;
}

function take(exchange: Exchange, grant: Grant, { reading, body }: Read): void {
  const { deps, protocol, res, deliveryId } = exchange;
  const country = deps.countryOf(res.req);
  const received = { grant, reading, body, receivedAtMs: Date.now(), country, deliveryId };
  const deliveries = deliveriesOf(deps, received, protocol);
  if ("code" in deliveries) return refuse(exchange, deliveries.code, deliveries.detail, deliveries);
  exchange.appId = deliveries.deliveries[0]?.appId ?? null;
  const sender = senderOf(exchange, deliveries);
  const refusal = deps.quotas?.take(deliveries.shares, grant, received.receivedAtMs, sender);
  if (refusal) return refuseOverQuota(exchange, deliveries.shares, refusal);
  store(exchange, received, deliveries, sender);
}

function senderOf({ network }: Exchange, { deliveries, shares }: Deliveries): Sender {
  return {
    network,
    judge() {
      for (const share of shares) share.refused = 0;
      for (const delivery of deliveries) {
        const share = shares.find(({ app }) => app.appId === delivery.appId);
        if (share) share.refused = (share.refused ?? 0) + countRefused(delivery);
      }
    },
  };
}

function refuseOverQuota(exchange: Exchange, shares: Share[], refusal: QuotaRefusal): void {
  const events = shares.reduce((sum, share) => sum + share.events, 0);
  exchange.deps.metrics.overQuota(refusal.code, events);
  refuse(exchange, refusal.code, refusal.detail, { headers: fieldsOfRefusal(refusal) });
}

/** Stores the events. From here on they count against their quotas, unless they cannot be stored. */
function store(exchange: Exchange, received: Received, found: Deliveries, sender: Sender): void {
  const { deliveries, shares, eventsWithoutApp, refused } = found;
  const { deps, protocol, res, requestId } = exchange;
  const { grant, receivedAtMs } = received;
  // While it waits, a request holds only what its answer says: its body and the events that were read are
  // several times as large as the columns, which are all that is counted.
  const { sentBytes } = received.body;
  const batchId = received.reading.batches[0]?.batch_id ?? null;
  const answer = (outcome: Outcome) => {
    deps.metrics.batch(outcome, sentBytes);
    const rateLimit = deps.quotas?.fieldsOf(shares[0]?.app, grant, Date.now()) ?? null;
    protocol.answer(res, requestId, { batchId, receivedAtMs, outcome, eventsWithoutApp, rateLimit });
    answered(exchange);
  };
  if (refused) deps.refusals.count(null, refused.code, receivedAtMs, refused.batches);
  let outcome: Outcome;
  try {
    outcome = appendAll(deps.flusher, deliveries, ({ appId }, part) => addFound(shares, appId, part));
  } catch (error) {
    // This is a bug of ours. Columns may be of different length now, so everybody who shares them must send
    // again.
    deps.log.error({ err: error, request_id: requestId }, "A batch could not be encoded");
    deps.flusher.abandon(error instanceof Error ? error : new Error(String(error)));
    deps.quotas?.giveBack(shares, grant, receivedAtMs, sender);
    return refuse(exchange, "internal_error", "The batch could not be processed.");
  }
  exchange.keptEvents = outcome.accepted + outcome.dropped;
  if (outcome.byCode !== null) {
    for (const share of shares) deps.quotas?.settle(share, grant, sender, receivedAtMs);
  }
  // Some protocols accept a request without anything to store.
  if (deliveries.length === 0) return answer(outcome);
  deps.flusher.commit((failure) => {
    if (failure) {
      // The exchange is passed and not the sender, which holds the events.
      deps.quotas?.giveBack(shares, grant, receivedAtMs, exchange);
      refuse(exchange, "unavailable", "The events could not be stored. Send them again, with the same ids.");
    } else {
      answer(outcome);
    }
  }, deliveries[0]?.eventBytesAtMost);
}

function addFound(shares: readonly Share[], appId: string, { byCode }: Outcome): void {
  const share = shares.find(({ app }) => app.appId === appId);
  if (!share || byCode === null) return;
  share.found ??= { refused: 0, dropped: 0 };
  for (const [code, count] of byCode) {
    if (isRefusal(code)) share.found.refused += count;
    else if (droppedCodes.has(code)) share.found.dropped += count;
  }
}
