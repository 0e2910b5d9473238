import { type NativeBlock, openBlock } from "@mosis/clickhouse/native-block";
import { telemetryLimits } from "@mosis/types/telemetry";
import { eventColumns, noUuid } from "@mosis/types/telemetry-row";
import type { Delivery } from "../events/delivery.ts";
import { eventKey } from "./event-key.ts";
import { isStackTrace } from "../events/stack-traces.ts";
import { charactersUpTo, offsetOf, type Staging } from "../events/staging.ts";

export type EventBlock = NativeBlock<typeof eventColumns>;

export function openEventBlock(): EventBlock {
  return openBlock(eventColumns);
}

/**
 * Fills the columns that are the same for every event of a batch, for so many rows. The others must follow.
 */
export function fillCommon({ columns }: EventBlock, delivery: Delivery, rows: number): void {
  const context = delivery.batch.context ?? {};
  columns.app_id.fill(delivery.appId, rows);
  columns.clock_correction_ms.fill(delivery.clockCorrectionMs, rows);
  columns.install_id.fill(context.install_id ?? noUuid, rows);
  columns.version_code.fill(context.version_code ?? 0, rows);
  columns.os.fill(context.os ?? "", rows);
  columns.os_version.fill(context.os_version ?? "", rows);
  columns.device_model.fill(context.device_model ?? "", rows);
  columns.locale.fill(context.locale ?? "", rows);
  columns.country.fill(context.country ?? "", rows);
  columns.network.fill(context.network ?? "", rows);
  columns.mosis_version.fill(context.mosis_version ?? "", rows);
}

/**
 * Appends the columns of one staged event that has passed every check.
 * @param delayMs received_at − client time.
 * @returns true when a text of its properties was cut.
 */
export function pushEvent(
  { columns }: EventBlock,
  staging: Staging,
  index: number,
  delayMs: number,
): boolean {
  columns.session_id.pushBytes(staging.sessionBytes, index * 16, 16);
  columns.client_time.push(staging.times[index] as number);
  eventKey(staging.eventIds, index * 4, columns.event_key);
  columns.received_delay_ms.push(delayMs);
  const name = staging.names[index] as number;
  columns.name.pushBytes(staging.bufferOf(name), offsetOf(name), staging.nameLengths[index] as number);
  columns.kind.push(staging.kinds[index] as number);
  columns.duration_ms.push(Math.round(staging.durations[index] as number));
  let isCut = false;
  const end = staging.propertiesEnd[index] as number;
  for (let at = staging.propertiesOf[index] as number; at < end; at++) {
    if (pushProperty(columns, staging, at)) isCut = true;
  }
  columns.properties_string.endRow();
  columns.properties_number.endRow();
  return isCut;
}

function pushProperty(columns: EventBlock["columns"], staging: Staging, at: number): boolean {
  const key = staging.keys[at] as number;
  const keyBuffer = staging.bufferOf(key);
  const keyLength = staging.keyLengths[at] as number;
  const length = staging.valueLengths[at] as number;
  if (length < 0) {
    columns.properties_number.addKey(keyBuffer, offsetOf(key), keyLength).push(staging.numbers[at] as number);
    return false;
  }
  const place = staging.values[at] as number;
  const buffer = staging.bufferOf(place);
  const kept = keptLength(staging, at);
  columns.properties_string
    .addKey(keyBuffer, offsetOf(key), keyLength)
    .pushBytes(buffer, offsetOf(place), kept);
  return kept < length;
}

/** Returns how many bytes of a text are kept: up to the limit in characters, so that none is cut in half. */
function keptLength(staging: Staging, at: number): number {
  const length = staging.valueLengths[at] as number;
  const max = telemetryLimits.propertyStringLengthMax;
  // A stack trace is limited by the size of its event.
  if (length <= max || isStackTrace(keyOf(staging, at))) return length;
  const place = staging.values[at] as number;
  return charactersUpTo(staging.bufferOf(place), offsetOf(place), length, max);
}

function keyOf(staging: Staging, at: number): string {
  const key = staging.keys[at] as number;
  const offset = offsetOf(key);
  return staging.bufferOf(key).toString("utf8", offset, offset + (staging.keyLengths[at] as number));
}

/** Returns the key of the first property of a staged event whose text was cut. */
export function firstCutKey(staging: Staging, index: number): string {
  const end = staging.propertiesEnd[index] as number;
  for (let at = staging.propertiesOf[index] as number; at < end; at++) {
    if (keptLength(staging, at) < (staging.valueLengths[at] as number)) return keyOf(staging, at);
  }
  return "";
}
