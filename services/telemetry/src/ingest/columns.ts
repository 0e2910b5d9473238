import { type NativeBlock, openBlock } from "@mosis/clickhouse/native-block";
import type { TelemetryEvent } from "@mosis/types/telemetry";
import { eventKinds, telemetryLimits } from "@mosis/types/telemetry";
import { eventColumns } from "@mosis/types/telemetry-row";
import type { Delivery } from "./delivery.ts";
import { eventKey } from "./event-key.ts";

export type EventBlock = NativeBlock<typeof eventColumns>;

export function openEventBlock(): EventBlock {
  return openBlock(eventColumns);
}

const noUuid = "00000000-0000-0000-0000-000000000000";

/** The columns that are the same for every event of a batch, for so many rows. The others must follow. */
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
 * The columns of one event that has passed every check.
 * @param delayMs received_at − client time.
 * @returns key of the first property whose text was cut, or null.
 */
export function pushEvent(
  { columns }: EventBlock,
  event: TelemetryEvent,
  clientTimeMs: number,
  delayMs: number,
): string | null {
  columns.session_id.push(event.session_id ?? noUuid);
  columns.client_time.push(clientTimeMs);
  eventKey(event.event_id, columns.event_key);
  columns.received_delay_ms.push(delayMs);
  columns.name.push(event.name);
  columns.kind.push(eventKinds[event.kind ?? "event"]);
  columns.duration_ms.push(event.duration_ms === undefined ? 0 : Math.round(event.duration_ms));
  const { properties } = event;
  const cut = properties === undefined ? null : pushProperties(columns, properties);
  columns.properties_string.endRow();
  columns.properties_number.endRow();
  return cut;
}

function pushProperties(
  columns: EventBlock["columns"],
  properties: NonNullable<TelemetryEvent["properties"]>,
): string | null {
  let cut: string | null = null;
  // `for in` is three times as fast as Object.entries here; parsed JSON has own keys only.
  for (const key in properties) {
    const value = properties[key];
    if (typeof value === "string") {
      const text = value.length <= telemetryLimits.propertyStringLengthMax ? value : firstCharacters(value);
      if (text !== value) cut ??= key;
      columns.properties_string.add(key, text);
    } else {
      columns.properties_number.add(key, Number(value));
    }
  }
  return cut;
}

/** The text up to the limit in code points, so that no character is cut in half. */
function firstCharacters(text: string): string {
  let units = 0;
  let characters = 0;
  for (const character of text) {
    if (characters++ === telemetryLimits.propertyStringLengthMax) return text.slice(0, units);
    units += character.length;
  }
  return text;
}
