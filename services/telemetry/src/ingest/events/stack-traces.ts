import { telemetryLimits } from "@mosis/types/telemetry";

/**
 * The last parts of keys of stack traces: OpenTelemetry's `exception.stacktrace`, and those of other senders.
 */
const names: ReadonlySet<string> = new Set(["stacktrace", "stack_trace", "stackTrace", "stack"]);

/**
 * Returns true when a property is a stack trace: it may be as long as an event, where another text is cut.
 */
export function isStackTrace(key: string): boolean {
  return names.has(key.slice(key.lastIndexOf(".") + 1));
}

/** The most bytes of an event without its properties, as JSON: a name, two ids and a time. */
const envelopeBytesMax = 1024;
/** The bytes of a trace that are kept however long the other properties are. */
const traceBytesMin = 1024;

/**
 * Cuts the stack traces of an event to the room that is left in the event, each to the same share. Both ends
 * are kept, because languages differ in which of them has the frame that failed.
 * @param keys of the traces among the properties.
 */
export function fitTraces(properties: Record<string, unknown>, keys: readonly string[]): void {
  const others = { ...properties };
  for (const key of keys) others[key] = "";
  const taken = envelopeBytesMax + Buffer.byteLength(JSON.stringify(others));
  const room = Math.floor((telemetryLimits.eventBytesMax - taken) / keys.length);
  for (const key of keys) {
    const text = properties[key];
    if (typeof text === "string") properties[key] = withBothEnds(text, Math.max(room, traceBytesMin));
  }
}

/**
 * Returns a text of at most so many bytes as JSON, with the number of characters that are missing in its
 * middle.
 */
function withBothEnds(text: string, bytesMax: number): string {
  // An escaped unit takes six bytes.
  if (text.length * 6 <= bytesMax || jsonBytes(text) <= bytesMax) return text;
  const half = Math.floor((bytesMax - markBytesMax) / 2);
  const head = endOf(text, half);
  const tail = startOf(text, half);
  return `${text.slice(0, head)}\n… ${tail - head} characters left out …\n${text.slice(tail)}`;
}

/** The most bytes of the line between the ends. */
const markBytesMax = 64;

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}

/** Returns where a beginning ends that takes at most so many bytes as JSON; never within a character. */
function endOf(text: string, bytesMax: number): number {
  let bytes = 0;
  let at = 0;
  while (at < text.length) {
    const point = text.codePointAt(at) as number;
    bytes += pointBytes(point);
    if (bytes > bytesMax) break;
    at += point > 0xffff ? 2 : 1;
  }
  return at;
}

function startOf(text: string, bytesMax: number): number {
  let bytes = 0;
  let at = text.length;
  while (at > 0) {
    const isPair = at > 1 && (text.codePointAt(at - 2) as number) > 0xffff;
    const start = at - (isPair ? 2 : 1);
    bytes += pointBytes(text.codePointAt(start) as number);
    if (bytes > bytesMax) break;
    at = start;
  }
  return at;
}

/** Returns the bytes of a character in JSON. */
function pointBytes(point: number): number {
  if (point < 0x80) return point < 0x20 ? 6 : point === 0x22 || point === 0x5c ? 2 : 1;
  if (point < 0x800) return 2;
  // Half a surrogate pair is written as an escape.
  if (point < 0x10000) return point >= 0xd800 && point <= 0xdfff ? 6 : 3;
  return 4;
}
