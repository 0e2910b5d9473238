import type { IncomingHttpHeaders } from "node:http";
import { batchHeaders, type TelemetryBatch, telemetryLimits } from "@mosis/types/telemetry";
import { type BatchRefusal, checkBatch } from "./batch.ts";

/**
 * Parses an NDJSON body, one event a line, with the headers that hold the other fields of the batch. The
 * result is the batch that JSON would have been, so that every step after this one is the same.
 */
export function parseLines(bytes: Buffer, headers: IncomingHttpHeaders): TelemetryBatch | BatchRefusal {
  const batch: Record<string, unknown> = {};
  for (const [field, header] of Object.entries(batchHeaders)) {
    // Node joins a header that came twice; as a list it matches no field.
    const text = headers[header.toLowerCase()] as string | undefined;
    if (text === undefined) continue;
    const value = fieldOf(field, text);
    if (value === undefined) {
      return {
        code: "malformed_json",
        detail: `The header ${header} is not JSON in ASCII: write other characters as \\u escapes.`,
      };
    }
    batch[field] = value;
  }
  batch["events"] = eventsOf(bytes.toString());
  return checkBatch(batch, mismatch);
}

const mismatch =
  "The batch does not match its schema, so none of its events was taken. Its events are the lines of the " +
  `body, its other fields are headers: ${Object.values(batchHeaders).join(", ")}; the first is required.`;

const textFields = new Set(["batch_id", "package_id"]);

/** @returns undefined when the header should be JSON and is not. */
function fieldOf(field: string, text: string): unknown {
  if (textFields.has(field)) return text;
  if (field === "sent_at") return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  // Node reads the bytes of a header as Latin-1: UTF-8 would be stored as other characters than were sent.
  // oxlint-disable-next-line no-control-regex -- the range is all of ASCII.
  return /^[\u0000-\u007f]*$/.test(text) ? parsed(text) : undefined;
}

/** One for each line that is not blank, and at most one too many, which is enough to refuse the batch. */
function eventsOf(text: string): unknown[] {
  const events: unknown[] = [];
  let at = afterBlank(text, 0);
  while (at < text.length && events.length <= telemetryLimits.eventsPerBatchMax) {
    const newline = text.indexOf("\n", at);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(at, end);
    const event = parsed(line);
    events.push(event === undefined ? brokenLine(line) : event);
    at = afterBlank(text, end);
  }
  return events;
}

/** Unit by unit: 5 MiB of line breaks hold up everybody for 20 ms, with a search for each for 65 ms. */
function afterBlank(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit !== 0x0a && unit !== 0x0d && unit !== 0x20 && unit !== 0x09) break;
  }
  return at;
}

/** @returns undefined when the text is not JSON: no JSON is parsed to that. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Key of the text in what stands for a line that is not JSON. Nothing that was parsed has it. */
const lineText = Symbol("line that is not JSON");

function brokenLine(text: string): object {
  return { [lineText]: text.slice(0, telemetryLimits.eventBytesMax) };
}

/** The text of a line that is not JSON, the beginning if it is long; undefined for any other event. */
export function brokenLineOf(event: unknown): string | undefined {
  if (typeof event !== "object" || event === null) return undefined;
  return (event as { [lineText]?: string })[lineText];
}
