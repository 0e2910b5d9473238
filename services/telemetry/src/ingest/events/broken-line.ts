import { telemetryLimits } from "@mosis/types/telemetry";

/** The key of the text in an object that stands for a line that is not JSON. No parsed object has it. */
const lineText = Symbol("line that is not JSON");

/** Returns what stands in a list of events for a line of NDJSON that is not JSON. */
export function brokenLine(text: string): object {
  return { [lineText]: text.slice(0, telemetryLimits.eventBytesMax) };
}

/** Returns the text of a line that is not JSON, only its beginning if it is long; undefined for an event. */
export function brokenLineOf(event: unknown): string | undefined {
  if (typeof event !== "object" || event === null) return undefined;
  return (event as { [lineText]?: string })[lineText];
}
