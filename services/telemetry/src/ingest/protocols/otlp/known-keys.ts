import { eventKinds, telemetryLimits } from "@mosis/types/telemetry";
import { droppedKey, nameOf } from "../flatten.ts";
import { isPrivate } from "../private-fields.ts";
import { isStackTrace } from "../../events/stack-traces.ts";
import { KnownTexts } from "./known-texts.ts";
import { exceptionKeys, kindOf, sharedKeys } from "./mapping.ts";

/** The keys of the properties that do not come from attributes, in the order in which they are set. */
export const ownKeys = [
  ...sharedKeys,
  "otel.scope.name",
  "severity_number",
  "severity_text",
  "trace_id",
  "span_id",
  "body",
  droppedKey,
];

/** The place of each of them in that list, and among the known keys. */
export const own = {
  scope: sharedKeys.length,
  severityNumber: sharedKeys.length + 1,
  severityText: sharedKeys.length + 2,
  traceId: sharedKeys.length + 3,
  spanId: sharedKeys.length + 4,
  body: sharedKeys.length + 5,
  dropped: sharedKeys.length + 6,
} as const;

/** The meaning of an attribute's key; 0 for an ordinary property. */
export const keyMarks = {
  /** A record with this key is not usual. */
  unusual: 1,
  private: 2,
  session: 3,
  name: 4,
  uid: 5,
  exception: 6,
  stackTrace: 7,
} as const;

const marked = new Map<string, number>([
  ["session.id", keyMarks.session],
  ["event.name", keyMarks.name],
  ["log.record.uid", keyMarks.uid],
  [droppedKey, keyMarks.unusual],
  ...exceptionKeys.map((key) => [key, keyMarks.exception] as const),
]);

/** Opens the known keys of attributes, whose marks are `keyMarks`. */
export function openKnownKeys(): KnownTexts {
  return new KnownTexts({
    textsMax: 4096,
    bytesMax: telemetryLimits.propertyKeyLengthMax,
    first: ownKeys,
    judge(key) {
      // The key is ASCII without characters that JSON escapes, and no index: an object would put an index in
      // another place.
      if (!/^[ !#-/:-[\]-~][ !#-[\]-~]*$/.test(key) || key === "__proto__") return keyMarks.unusual;
      if (isPrivate(key)) return keyMarks.private;
      return marked.get(key) ?? (isStackTrace(key) ? keyMarks.stackTrace : 0);
    },
  });
}

/**
 * Opens the known names of events. A mark is the number of the kind that only the name determines; 0 when the
 * name has to be changed.
 */
export function openKnownNames(): KnownTexts {
  return new KnownTexts({
    textsMax: 4096,
    bytesMax: telemetryLimits.nameLengthMax,
    first: [],
    judge: (name) => (nameOf(name) === name ? eventKinds[kindOf(name, 0, false)] : 0),
  });
}
