import { randomUUID } from "node:crypto";
import type { AccessTable, AppRefusal, Grant } from "../access.ts";
import type { BatchRefusal } from "./batch.ts";
import type { Body } from "./body.ts";
import { clockCorrection } from "./clock.ts";
import { addCountry } from "./country.ts";
import type { Delivery } from "./delivery.ts";
import type { Flusher } from "./flush.ts";
import { appendDelivery, type Outcome } from "./pipeline.ts";
import type { Protocol, Reading } from "./protocol.ts";

/** A request that is read, with the key that may send it. */
export interface Received {
  grant: Grant;
  reading: Reading;
  body: Body;
  receivedAtMs: number;
  /** By the proxy in front of us, for batches that do not tell their own. */
  country: string | undefined;
  /** Of the first delivery; the others get their own. */
  deliveryId: string;
}

export interface Deliveries {
  deliveries: Delivery[];
  /** Events whose app is not there or not named. */
  appless: number;
  /** Their batches; null: there are none. */
  refused: { code: AppRefusal; batches: number } | null;
}

/** What a request holds for the apps of its key. It is refused when there is no app at all. */
export function deliveriesOf(
  access: AccessTable,
  { grant, reading, body, receivedAtMs, country, deliveryId }: Received,
  protocol: Protocol,
): Deliveries | BatchRefusal {
  const deliveries: Delivery[] = [];
  let missing: AppRefusal | null = null;
  let appless = 0;
  const keyTellsApp = protocol.appOfKeyFirst === true && grant.appIds?.length === 1;
  for (const batch of reading.batches) {
    const app = access.appOf(grant, keyTellsApp ? undefined : batch.package_id);
    if (typeof app === "string") {
      missing = app;
      appless += batch.events.length;
      continue;
    }
    const clockCorrectionMs = clockCorrection(batch.sent_at, receivedAtMs);
    if (Number.isNaN(clockCorrectionMs)) return sentAtInvalid;
    if (country !== undefined) addCountry(batch, country);
    const isFirst = deliveries.length === 0;
    deliveries.push({
      appId: app.appId,
      batch,
      receivedAtMs,
      clockCorrectionMs,
      keyId: grant.keyId,
      deliveryId: isFirst ? deliveryId : randomUUID(),
      // Of one request: counted once, so that sums over deliveries are what came over the wire.
      bodyBytes: isFirst ? body.sentBytes : 0,
      eventBytesAtMost: reading.eventBytesAtMost,
    });
  }
  if (missing === null) return { deliveries, appless, refused: null };
  if (deliveries.length > 0) {
    const batches = reading.batches.length - deliveries.length;
    return { deliveries, appless, refused: { code: missing, batches } };
  }
  const detail = missing === "app_required" ? protocol.appRequired : "There is no such app.";
  return { code: missing, detail };
}

const sentAtInvalid: BatchRefusal = {
  code: "batch_invalid",
  detail: "The time of sending cannot be read.",
  errors: [{ pointer: "/sent_at", code: "time_invalid", message: "must be RFC 3339 or milliseconds" }],
};

/** All deliveries of one request, in one flush. */
export function appendAll(flusher: Flusher, deliveries: readonly Delivery[]): Outcome {
  let sum: Outcome | null = null;
  for (const delivery of deliveries) {
    if (sum) flusher.cutIfLarge();
    const outcome = appendDelivery(flusher, delivery);
    if (!sum) {
      sum = outcome;
      continue;
    }
    sum.accepted += outcome.accepted;
    sum.rejected += outcome.rejected;
    sum.warned += outcome.warned;
    sum.results.push(...outcome.results);
  }
  return sum ?? { accepted: 0, rejected: 0, warned: 0, results: [] };
}
