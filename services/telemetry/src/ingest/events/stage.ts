import { parseUuidText } from "@mosis/clickhouse/native-block";
import { eventKinds, type TelemetryEvent } from "@mosis/types/telemetry";
import { timeOf } from "./clock.ts";
import type { Staging } from "./staging.ts";

/** Puts an event that has passed the check of its shape at its place in the staging. */
export function stageEvent(staging: Staging, index: number, event: TelemetryEvent): void {
  staging.open(index);
  parseUuidText(event.event_id, staging.eventIds, index * 4);
  if (event.session_id !== undefined) parseUuidText(event.session_id, staging.sessionIds, index * 4);
  staging.times[index] = timeOf(event.time);
  staging.kinds[index] = eventKinds[event.kind ?? "event"];
  staging.durations[index] = event.duration_ms ?? 0;
  staging.names[index] = staging.keep(event.name);
  staging.nameLengths[index] = staging.lengthFrom(staging.names[index]);
  // `for in` is three times as fast as Object.entries here; parsed JSON has only own keys.
  for (const key in event.properties) stageProperty(staging, key, event.properties[key] ?? 0);
  staging.propertiesEnd[index] = staging.properties;
}

function stageProperty(staging: Staging, key: string, value: string | number | boolean): void {
  const at = staging.properties++;
  staging.keys[at] = staging.keep(key);
  staging.keyLengths[at] = staging.lengthFrom(staging.keys[at]);
  if (typeof value === "string") {
    staging.values[at] = staging.keep(value);
    staging.valueLengths[at] = staging.lengthFrom(staging.values[at]);
  } else {
    staging.valueLengths[at] = -1;
    staging.numbers[at] = Number(value);
  }
}
