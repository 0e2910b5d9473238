import { randomUUID } from "node:crypto";
import type { AccessTable, AppRefusal, Grant } from "../../access/access-table.ts";
import type { BatchRefusal } from "../reading/batch.ts";
import type { Body } from "../reading/body.ts";
import { clockCorrection } from "../events/clock.ts";
import { addCountry } from "./country.ts";
import type { Delivery, EventList, Outcome } from "../events/delivery.ts";
import type { Flusher } from "../blocks/flush.ts";
import { appendDelivery } from "../judging/pipeline.ts";
import type { Protocol, Reading } from "../protocols/protocol.ts";
import { addShare, type Share } from "../judging/quota/share.ts";
import type { RestrictionTable } from "../judging/restrictions.ts";

/** A request that was read, with the key that may send it. */
export interface Received {
  grant: Grant;
  reading: Reading;
  body: Body;
  receivedAtMs: number;
  /** The country as the proxy in front of us reports it, for batches that do not name their own. */
  country: string | undefined;
  /** The id of the first delivery; the others get their own. */
  deliveryId: string;
}

export interface Deliveries {
  deliveries: Delivery[];
  /** The parts of their apps' quotas that the deliveries take. */
  shares: Share[];
  /** The number of events whose app does not exist or is not named. */
  eventsWithoutApp: number;
  /** The batches of these events; null when there are none. */
  refused: { code: AppRefusal; batches: number } | null;
}

/**
 * Finds the app of each batch of a request, and makes its deliveries. A request is refused when it has no app
 * at all.
 */
export function deliveriesOf(
  { access, restrictions }: { access: AccessTable; restrictions: RestrictionTable },
  { grant, reading, body, receivedAtMs, country, deliveryId }: Received,
  protocol: Protocol,
): Deliveries | BatchRefusal {
  const deliveries: Delivery[] = [];
  const shares: Share[] = [];
  let missing: AppRefusal | null = null;
  let eventsWithoutApp = 0;
  const keyTellsApp = protocol.appOfKeyFirst === true && grant.appIds?.length === 1;
  for (const batch of reading.batches) {
    const app = access.appOf(grant, keyTellsApp ? undefined : batch.package_id);
    if (typeof app === "string") {
      missing = app;
      eventsWithoutApp += batch.events.length;
      continue;
    }
    const clockCorrectionMs = batch.timeless
      ? timeByReceipt(batch.events, receivedAtMs)
      : clockCorrection(batch.sent_at, receivedAtMs);
    if (Number.isNaN(clockCorrectionMs)) return sentAtInvalid;
    if (country !== undefined) addCountry(batch, country);
    addShare(shares, app, batch.events.length);
    const isFirst = deliveries.length === 0;
    deliveries.push({
      appId: app.appId,
      batch,
      rules: restrictions.rulesOf(app.appId, grant, receivedAtMs),
      receivedAtMs,
      clockCorrectionMs,
      keyId: grant.keyId,
      deliveryId: isFirst ? deliveryId : randomUUID(),
      // The bytes of a request are counted once, so that sums over deliveries are what came over the wire.
      bodyBytes: isFirst ? body.sentBytes : 0,
      eventBytesAtMost: reading.eventBytesAtMost,
    });
  }
  if (missing === null) return { deliveries, shares, eventsWithoutApp, refused: null };
  if (deliveries.length > 0) {
    const batches = reading.batches.length - deliveries.length;
    return { deliveries, shares, eventsWithoutApp, refused: { code: missing, batches } };
  }
  const detail = missing === "app_required" ? protocol.appRequired : "There is no such app.";
  return { code: missing, detail };
}

const dayMs = 86_400_000;

/**
 * Gives events without a time the time of receiving. An event is identified by the client's time and its id,
 * so its time is the beginning of the day, UTC, and the rest goes into the correction. An event that is sent
 * again on the same day is then the same event, with the time at which it came last.
 * @returns what to add to the time.
 */
function timeByReceipt(events: EventList, receivedAtMs: number): number {
  const time = receivedAtMs - (receivedAtMs % dayMs);
  for (let i = 0; i < events.length; i++) Object.assign(events.at(i) as object, { time });
  return receivedAtMs - time;
}

const sentAtInvalid: BatchRefusal = {
  code: "batch_invalid",
  detail: "The time of sending cannot be read.",
  errors: [{ pointer: "/sent_at", code: "time_invalid", message: "must be RFC 3339 or milliseconds" }],
};

const noEvents: Outcome = {
  accepted: 0,
  rejected: 0,
  dropped: 0,
  byCode: null,
  warned: 0,
  results: [],
};

/**
 * Appends all deliveries of one request to one flush.
 * @param appended gets the outcome of each delivery of which not everything was accepted.
 * @returns the sum of the outcomes.
 */
export function appendAll(
  flusher: Flusher,
  deliveries: readonly Delivery[],
  appended?: (delivery: Delivery, outcome: Outcome) => void,
): Outcome {
  let sum: Outcome | null = null;
  for (const delivery of deliveries) {
    if (sum) flusher.cutIfLarge();
    const outcome = appendDelivery(flusher, delivery);
    if (outcome.byCode !== null) appended?.(delivery, outcome);
    if (sum) add(sum, outcome);
    else sum = outcome;
  }
  return sum ?? noEvents;
}

function add(sum: Outcome, outcome: Outcome): void {
  sum.accepted += outcome.accepted;
  sum.rejected += outcome.rejected;
  sum.dropped += outcome.dropped;
  sum.warned += outcome.warned;
  sum.results.push(...outcome.results);
  sum.byCode ??= outcome.byCode;
  if (outcome.byCode === null || sum.byCode === outcome.byCode) return;
  for (const [code, count] of outcome.byCode) sum.byCode?.set(code, (sum.byCode.get(code) ?? 0) + count);
}
