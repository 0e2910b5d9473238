import {
  droppedCodes,
  type EventCode,
  eventCodes,
  type TelemetryEvent,
  telemetryLimits,
} from "@mosis/types/telemetry";
import { acceptedRange } from "../events/clock.ts";
import { fillCommon, firstCutKey, pushEvent } from "../blocks/columns.ts";
import { type Delivery, isCorrected, isRefusal, type Outcome } from "../events/delivery.ts";
import { withContractNumbers } from "../events/exact-json.ts";
import type { Fault } from "../events/refusal.ts";
import { escaped, shapeFault } from "./shape-fault.ts";
import type { Flusher } from "../blocks/flush.ts";
import { slotCount } from "../blocks/months.ts";
import { isPlain, isTooLarge } from "../events/plain.ts";
import { pushReasons } from "../books/outcome-rows.ts";
import { idOf, pushRejected } from "../books/rejected-events.ts";
import { restrictionOf } from "./restrictions.ts";
import { stageEvent } from "../events/stage.ts";
import { Staging } from "../events/staging.ts";

/**
 * Events up to this size fit into a block together with what is there; larger ones are appended in slices.
 */
const wholeBytesMax = 200_000;
const eventsPerSlice = 16;
/**
 * A check after so many rejections, of at most 32 KiB each, keeps a block of rejections below the size of a
 * record.
 */
const rejectionsPerCheck = 16;

/**
 * Appends a delivery to the open blocks: every event that no restriction drops, as a row or as a rejection,
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
  const { staging, faults } = checkEvents(delivery);
  const step = delivery.eventBytesAtMost <= wholeBytesMax ? events.length : eventsPerSlice;
  for (let from = 0; from < events.length; from += step) {
    const to = Math.min(from + step, events.length);
    appendAccepted(flusher, delivery, { from, to, staging, outcome });
    if (faults) appendFaulty(flusher, delivery, faults, { from, to, outcome });
    if (to < events.length) flusher.cutIfLarge();
  }
  if (isCorrected(delivery)) outcome.warned = outcome.accepted;
  pushBatch(blocks.batches.columns, delivery, outcome);
  if (outcome.results.length > 0 || delivery.batch.discarded) pushReasons(blocks, delivery, outcome);
  return outcome;
}

/** The staging of events that came as objects. One request is appended at a time. */
const objects = new Staging();
const noBody = Buffer.alloc(0);

/**
 * Runs the checks for every event: shape, size, time, restrictions. Scanned events have passed the first two.
 * @returns the valid events, whose time is NaN when they have a fault, and the faults by index, which are
 * null when there are none.
 */
function checkEvents(delivery: Delivery): { staging: Staging; faults: Faults } {
  const { staging, faults } = findFaults(delivery);
  faults?.forEach((fault, i) => {
    if (fault) staging.times[i] = Number.NaN;
  });
  return { staging, faults };
}

function findFaults(delivery: Delivery): { staging: Staging; faults: Faults } {
  const { rules, receivedAtMs, clockCorrectionMs } = delivery;
  const { events, context } = delivery.batch;
  const scanned = events.staged?.();
  const staging = scanned ?? objects;
  if (!scanned) staging.reset(noBody);
  const { oldestMs, newestMs } = acceptedRange(receivedAtMs);
  let faults: Faults = null;
  for (let i = 0; i < events.length; i++) {
    let fault = scanned ? null : stageObject(staging, i, delivery);
    if (!fault) {
      const clientTimeMs = staging.times[i] as number;
      fault = timeFault(clientTimeMs, clientTimeMs + clockCorrectionMs, oldestMs, newestMs);
    }
    if (rules && !fault) {
      fault = restrictionOf(rules, events.at(i) as TelemetryEvent, context?.install_id);
    }
    if (fault) {
      faults ??= Array.from<Fault | null>({ length: events.length }).fill(null);
      faults[i] = fault;
    }
  }
  return { staging, faults };
}

/**
 * Returns how many events of a delivery will be refused as wrong. Nothing is appended; the delivery may be
 * appended later.
 */
export function countRefused(delivery: Delivery): number {
  const { faults } = findFaults(delivery);
  return faults?.filter((fault) => fault && isRefusal(fault.code)).length ?? 0;
}

/** Faults by index: null for an event without one, and null as a whole when there is none. */
type Faults = (Fault | null)[] | null;

function stageObject(staging: Staging, index: number, { batch, eventBytesAtMost }: Delivery): Fault | null {
  let event = batch.events.at(index);
  if (!isPlain(event)) {
    event = withContractNumbers(event);
    const fault = shapeFault(event);
    if (fault) return fault;
  }
  if (eventBytesAtMost > telemetryLimits.eventBytesMax && isTooLarge(event as TelemetryEvent)) {
    return { code: "event_too_large", pointer: "" };
  }
  stageEvent(staging, index, event as TelemetryEvent);
  return null;
}

function timeFault(clientMs: number, eventMs: number, oldestMs: number, newestMs: number): Fault | null {
  if (eventMs >= oldestMs && eventMs <= newestMs) return null;
  if (Number.isNaN(clientMs)) return { code: "time_invalid", pointer: "/time" };
  return { code: eventMs < oldestMs ? "time_too_old" : "time_too_far_ahead", pointer: "/time" };
}

interface Slice {
  from: number;
  to: number;
  outcome: Outcome;
}

const slots = new Int8Array(telemetryLimits.eventsPerBatchMax);
const rowsOfSlot = new Int32Array(slotCount);

function appendAccepted(flusher: Flusher, delivery: Delivery, slice: Slice & { staging: Staging }): void {
  const { from, to, staging, outcome } = slice;
  const { blocks } = flusher;
  const { receivedAtMs } = delivery;
  const months = blocks.months(receivedAtMs);
  rowsOfSlot.fill(0);
  for (let i = from; i < to; i++) {
    const time = staging.times[i] as number;
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
      const isCut = pushEvent(block, staging, i, receivedAtMs - (staging.times[i] as number));
      if (isCut) warnOfCut(delivery, staging, i, outcome);
    }
    outcome.accepted += rows;
    if (isCorrected(delivery) && outcome.accepted === rows) warnOfClock(delivery, slice);
  }
}

function warnOfCut(delivery: Delivery, staging: Staging, index: number, outcome: Outcome): void {
  warn(delivery, index, outcome, {
    code: "string_truncated",
    pointer: `/properties/${escaped(firstCutKey(staging, index))}`,
  });
}

function warnOfClock(delivery: Delivery, { from, to, outcome }: Slice): void {
  for (let i = from; i < to; i++) {
    if ((slots[i] as number) < 0) continue;
    warn(delivery, i, outcome, { code: "clock_corrected", pointer: "/time" });
    return;
  }
}

function warn({ batch }: Delivery, index: number, outcome: Outcome, { code, pointer }: Fault): void {
  const { event_id } = batch.events.at(index) as TelemetryEvent;
  outcome.warned++;
  outcome.results.push({ index, event_id, result: "warning", code, pointer, fix: eventCodes[code] });
}

function appendFaulty(
  flusher: Flusher,
  delivery: Delivery,
  faults: readonly (Fault | null)[],
  { from, to, outcome }: Slice,
): void {
  const { rejected } = flusher.blocks;
  const byCode = (outcome.byCode ??= new Map<EventCode, number>());
  for (let index = from; index < to; index++) {
    const fault = faults[index];
    if (!fault) continue;
    const { code, pointer } = fault;
    let event_id: string | null;
    if (droppedCodes.has(code)) {
      event_id = idOf(delivery.batch.events.at(index));
      outcome.dropped++;
    } else {
      event_id = pushRejected(rejected, delivery, index, fault);
      outcome.rejected++;
      // Written out, an event may be many times as long as it came (1e20): the size of the body limits
      // nothing here.
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
  columns.clock_correction_ms.push(isCorrected(delivery) ? delivery.clockCorrectionMs : 0);
  columns.sdk_name.push(batch.sdk?.name ?? "");
  columns.sdk_version.push(batch.sdk?.version ?? "");
  columns.dropped.push(outcome.dropped);
}
