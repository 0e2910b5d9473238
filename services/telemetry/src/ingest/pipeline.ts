import {
  droppedCodes,
  type EventCode,
  eventCodes,
  type EventResult,
  type TelemetryBatch,
  type TelemetryEvent,
  telemetryLimits,
} from "@mosis/types/telemetry";
import { acceptedRange, timeOf } from "./clock.ts";
import { fillCommon, pushEvent } from "./columns.ts";
import type { Delivery } from "./delivery.ts";
import { type Fault, shapeFault } from "./explain.ts";
import type { Flusher } from "./flush.ts";
import { slotCount } from "./months.ts";
import { isPlain } from "./plain.ts";
import { idOf, pushRejected } from "./rejected.ts";
import { restrictionOf } from "./restrictions/step.ts";

/** What happened to the events of one request: accepted, rejected or dropped. */
export interface Outcome {
  accepted: number;
  rejected: number;
  /** Not kept, because of a restriction. */
  dropped: number;
  /** How many were rejected or dropped for which reason; null when none was. */
  byCode: Map<EventCode, number> | null;
  /** Accepted events that carry a warning. */
  warned: number;
  results: EventResult[];
}

/**
 * Events up to this size fit into a block together with what is there; larger ones are appended in slices.
 */
const wholeBytesMax = 200_000;
const eventsPerSlice = 16;
/** At most 32 KiB each, so that a block of rejections stays below the size of a record. */
const rejectionsPerCheck = 16;

/**
 * Every event of a request that no restriction drops goes into the open blocks, as a row or as a rejection,
 * and the request itself as a row of `ingest_batches`. The caller commits. Nothing is thrown for what a
 * client sent.
 */
export function appendDelivery(flusher: Flusher, delivery: Delivery): Outcome {
  const { blocks } = flusher;
  const { events } = delivery.batch;
  const outcome: Outcome = {
    accepted: 0,
    rejected: 0,
    dropped: 0,
    byCode: null,
    warned: 0,
    results: [],
  };
  const faults = checkEvents(delivery);
  const step = delivery.eventBytesAtMost <= wholeBytesMax ? events.length : eventsPerSlice;
  for (let from = 0; from < events.length; from += step) {
    const to = Math.min(from + step, events.length);
    appendAccepted(flusher, delivery, { from, to, faults, outcome });
    if (faults) appendFaulty(flusher, delivery, { from, to, faults, outcome });
    if (to < events.length) flusher.cutIfLarge();
  }
  if (delivery.clockCorrectionMs !== 0) outcome.warned = outcome.accepted;
  pushBatch(blocks.batches.columns, delivery, outcome);
  return outcome;
}

/**
 * Client times of the request that is being appended, NaN for refused events. One request is appended at a
 * time.
 */
const times = new Float64Array(telemetryLimits.eventsPerBatchMax);

/**
 * Steps 1 to 4 for every event: shape, size, time, restrictions. @returns the faults by index, null when
 * there are none.
 */
function checkEvents({
  batch,
  rules,
  receivedAtMs,
  clockCorrectionMs,
  eventBytesAtMost,
}: Delivery): (Fault | null)[] | null {
  const { events } = batch;
  const mayBeLarge = eventBytesAtMost > telemetryLimits.eventBytesMax;
  const { oldestMs, newestMs } = acceptedRange(receivedAtMs);
  let faults: (Fault | null)[] | null = null;
  for (let i = 0; i < events.length; i++) {
    const event = events[i] as TelemetryEvent;
    let fault = isPlain(event) ? null : shapeFault(event);
    if (!fault && mayBeLarge && isTooLarge(event)) fault = { code: "event_too_large", pointer: "" };
    if (!fault) {
      const clientTimeMs = timeOf(event.time);
      fault = timeFault(clientTimeMs, clientTimeMs + clockCorrectionMs, oldestMs, newestMs);
      times[i] = clientTimeMs;
    }
    if (rules && !fault) fault = restrictionOf(rules, event, batch.context?.install_id);
    if (fault) {
      times[i] = Number.NaN;
      faults ??= Array.from<Fault | null>({ length: events.length }).fill(null);
      faults[i] = fault;
    }
  }
  return faults;
}

function timeFault(clientMs: number, eventMs: number, oldestMs: number, newestMs: number): Fault | null {
  if (eventMs >= oldestMs && eventMs <= newestMs) return null;
  if (Number.isNaN(clientMs)) return { code: "time_invalid", pointer: "/time" };
  return { code: eventMs < oldestMs ? "time_too_old" : "time_too_far_ahead", pointer: "/time" };
}

/**
 * Bytes as JSON over the limit. A bound from lengths comes first: writing an event out costs as much as
 * parsing it.
 */
function isTooLarge(event: TelemetryEvent): boolean {
  let bytesAtMost = 2000;
  for (const key in event.properties) {
    const value = event.properties[key];
    // An escaped UTF-16 unit takes six bytes.
    bytesAtMost += 6 * (key.length + (typeof value === "string" ? value.length : 5)) + 8;
  }
  if (bytesAtMost <= telemetryLimits.eventBytesMax) return false;
  return Buffer.byteLength(JSON.stringify(event)) > telemetryLimits.eventBytesMax;
}

interface Slice {
  from: number;
  to: number;
  faults: (Fault | null)[] | null;
  outcome: Outcome;
}

const slots = new Int8Array(telemetryLimits.eventsPerBatchMax);
const rowsOfSlot = new Int32Array(slotCount);

function appendAccepted(flusher: Flusher, delivery: Delivery, { from, to, outcome }: Slice): void {
  const { blocks } = flusher;
  const { batch, receivedAtMs, clockCorrectionMs } = delivery;
  const months = blocks.months(receivedAtMs);
  rowsOfSlot.fill(0);
  for (let i = from; i < to; i++) {
    const time = times[i] as number;
    const slot = Number.isNaN(time) ? -1 : months.slotOf(time);
    slots[i] = slot;
    if (slot >= 0) rowsOfSlot[slot] = (rowsOfSlot[slot] as number) + 1;
  }
  for (const [slot, block] of blocks.events.entries()) {
    const rows = rowsOfSlot[slot] as number;
    if (rows === 0) continue;
    fillCommon(block, delivery, rows);
    for (let i = from; i < to; i++) {
      if (slots[i] !== slot) continue;
      const event = batch.events[i] as TelemetryEvent;
      const clientTimeMs = times[i] as number;
      const cutKey = pushEvent(block, event, clientTimeMs, receivedAtMs - clientTimeMs);
      if (cutKey !== null) warn(outcome, i, event, "string_truncated", `/properties/${escaped(cutKey)}`);
    }
    outcome.accepted += rows;
    if (clockCorrectionMs !== 0 && outcome.accepted === rows) warnOfClock(outcome, batch, from, to);
  }
}

function warnOfClock(outcome: Outcome, batch: TelemetryBatch, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    if ((slots[i] as number) < 0) continue;
    warn(outcome, i, batch.events[i] as TelemetryEvent, "clock_corrected", "/time");
    return;
  }
}

function warn(
  outcome: Outcome,
  index: number,
  event: TelemetryEvent,
  code: EventCode,
  pointer: string,
): void {
  outcome.warned++;
  const fix = eventCodes[code];
  outcome.results.push({ index, event_id: event.event_id, result: "warning", code, pointer, fix });
}

const isDropped = new Set<EventCode>(droppedCodes);

function appendFaulty(flusher: Flusher, delivery: Delivery, { from, to, faults, outcome }: Slice): void {
  const { rejected } = flusher.blocks;
  const byCode = (outcome.byCode ??= new Map<EventCode, number>());
  for (let index = from; index < to; index++) {
    const fault = faults?.[index];
    if (!fault) continue;
    const { code, pointer } = fault;
    let event_id: string | null;
    if (isDropped.has(code)) {
      event_id = idOf(delivery.batch.events[index]);
      outcome.dropped++;
    } else {
      event_id = pushRejected(rejected, delivery, index, fault);
      outcome.rejected++;
      // Written out, an event may be many times as long as it came (1e20): the body's size bounds nothing
      // here.
      if (outcome.rejected % rejectionsPerCheck === 0) flusher.cutIfLarge();
    }
    byCode.set(code, (byCode.get(code) ?? 0) + 1);
    outcome.results.push({ index, event_id, result: "drop", code, pointer, fix: eventCodes[code] });
  }
}

function pushBatch(
  columns: Flusher["blocks"]["batches"]["columns"],
  delivery: Delivery,
  outcome: Outcome,
): void {
  const { batch } = delivery;
  columns.app_id.push(delivery.appId);
  columns.batch_id.push(batch.batch_id);
  columns.delivery_id.push(delivery.deliveryId);
  columns.received_at.push(delivery.receivedAtMs);
  columns.key_id.push(delivery.keyId);
  columns.accepted.push(outcome.accepted);
  columns.rejected.push(outcome.rejected);
  columns.warned.push(outcome.warned);
  columns.discarded.push(batch.discarded?.reduce((sum, { count }) => sum + count, 0) ?? 0);
  columns.body_bytes.push(delivery.bodyBytes);
  columns.clock_correction_ms.push(delivery.clockCorrectionMs);
  columns.sdk_name.push(batch.sdk?.name ?? "");
  columns.sdk_version.push(batch.sdk?.version ?? "");
  columns.dropped.push(outcome.dropped);
}

/** RFC 6901 §3. */
function escaped(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}
