import { type EventCode, eventCodes, type BatchContext } from "@mosis/types/telemetry";
import type { Replay, ReplayResult } from "@mosis/types/rejected";
import type { Delivery, Rules } from "../ingest/events/delivery.ts";
import { derivedId } from "../ingest/events/derived-id.ts";
import { parseExactJson } from "../ingest/events/exact-json.ts";
import type { Flusher } from "../ingest/blocks/flush.ts";
import { appendDelivery } from "../ingest/judging/pipeline.ts";
import { mergePatch } from "./merge-patch.ts";
import type { RejectedRow } from "./queries.ts";

/**
 * A rejected event as it would be sent today: a delivery that is accepted completely, or the reason why it is
 * not.
 */
export type Attempt = { delivery: Delivery } | { refusal: ReplayResult };

export interface Replayer {
  appId: string;
  keyId: string;
  patch: Replay["patch"];
  /** The restrictions that hold now, as for newly sent events. */
  rules: Rules | null;
}

/** Runs a rejected event through the pipeline, in its own time and context. */
export function attempt(dryRunFlusher: Flusher, row: RejectedRow, replayer: Replayer): Attempt {
  const event = eventOf(row, replayer.patch);
  // The event is not JSON, or was cut: nothing has changed about that.
  if (event === undefined) return { refusal: refusalOf(row, row.code, row.pointer) };
  const delivery = deliveryOf(row, event, replayer);
  try {
    const { accepted, results } = appendDelivery(dryRunFlusher, delivery);
    if (accepted === 1) return { delivery };
    const [result] = results;
    if (!result) throw new Error("An event was not accepted, and no reason was given");
    return { refusal: refusalOf(row, result.code, result.pointer) };
  } finally {
    dryRunFlusher.blocks.reset();
  }
}

function eventOf({ raw }: RejectedRow, patch: Replay["patch"]): unknown {
  const parsed = parseExactJson(raw);
  if ("detail" in parsed) return undefined;
  return patch ? mergePatch(parsed.value, patch) : parsed.value;
}

/**
 * Makes one delivery of one event; its id follows from the event's place. So another replay of the event, at
 * the same time or after a crash, is the same delivery in all books, whatever else the two replays have
 * taken.
 */
function deliveryOf(row: RejectedRow, event: unknown, { appId, keyId, rules }: Replayer): Delivery {
  const context = row.context === "" ? {} : (JSON.parse(row.context) as BatchContext);
  return {
    appId,
    keyId,
    rules,
    deliveryId: derivedId(`replay ${row.delivery_id} ${row.index}`),
    batch: { batch_id: row.batch_id, context, events: [event] },
    receivedAtMs: Date.parse(row.received_at),
    clockCorrectionMs: Number(row.clock_correction_ms),
    bodyBytes: 0,
    eventBytesAtMost: Buffer.byteLength(JSON.stringify(event)),
  };
}

function refusalOf(row: RejectedRow, code: string, pointer: string): ReplayResult {
  const { received_at, batch_id, delivery_id, index, event_id } = row;
  const where = { received_at, batch_id, delivery_id, index, event_id: event_id === "" ? null : event_id };
  return { ...where, code, pointer, fix: fixOf(code) };
}

/** A stored event may have a code that this version does not know. */
export function fixOf(code: string): string {
  return Object.hasOwn(eventCodes, code) ? eventCodes[code as EventCode] : "";
}
