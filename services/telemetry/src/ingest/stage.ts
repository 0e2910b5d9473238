import { parseUuid } from "@mosis/clickhouse/native-block";
import { eventKinds, type TelemetryEvent } from "@mosis/types/telemetry";
import { timeOf } from "./clock.ts";
import type { Staging } from "./staging.ts";

/** Puts an event that has the shape of one at its place among the staged. */
export function stageEvent(staging: Staging, index: number, event: TelemetryEvent): void {
  const { scratch } = staging;
  staging.open(index);
  stageId(staging, event.event_id, staging.eventIds, index);
  if (event.session_id !== undefined) stageId(staging, event.session_id, staging.sessionIds, index);
  staging.times[index] = timeOf(event.time);
  staging.kinds[index] = eventKinds[event.kind ?? "event"];
  staging.durations[index] = event.duration_ms ?? 0;
  staging.names[index] = staging.keep(event.name);
  staging.nameLengths[index] = scratch.length + staging.names[index] + 1;
  // `for in` is three times as fast as Object.entries here; parsed JSON has own keys only.
  for (const key in event.properties) stageProperty(staging, key, event.properties[key] ?? 0);
  staging.propertiesEnd[index] = staging.properties;
}

function stageId({ scratch }: Staging, id: string, words: Uint32Array, index: number): void {
  const at = scratch.length;
  scratch.utf8(id);
  parseUuid(scratch.buffer, at, words, index * 4);
}

function stageProperty(staging: Staging, key: string, value: string | number | boolean): void {
  const at = staging.properties++;
  staging.keys[at] = staging.keep(key);
  staging.keyLengths[at] = staging.scratch.length + staging.keys[at] + 1;
  if (typeof value === "string") {
    staging.values[at] = staging.keep(value);
    staging.valueLengths[at] = staging.scratch.length + staging.values[at] + 1;
  } else {
    staging.valueLengths[at] = -1;
    staging.numbers[at] = Number(value);
  }
}
