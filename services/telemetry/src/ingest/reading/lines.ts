import type { IncomingHttpHeaders } from "node:http";
import { batchHeaders, type TelemetryBatch, telemetryLimits } from "@mosis/types/telemetry";
import { type BatchRefusal, checkBatch } from "./batch.ts";
import { brokenLine } from "../events/broken-line.ts";
import { parseExactJson } from "../events/exact-json.ts";
import { batchBounds, beyondBatch, openMeter } from "./json-bounds.ts";

/**
 * Parses an NDJSON body, one event a line, with the headers that hold the other fields of the batch. The
 * result is the batch that JSON would have been, so every later step is the same.
 */
export function parseLines(bytes: Buffer, headers: IncomingHttpHeaders): TelemetryBatch | BatchRefusal {
  const batch: Record<string, unknown> = {};
  for (const [field, header] of Object.entries(batchHeaders)) {
    // Node joins a header that was sent twice; the joined list matches no field.
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
  const events = eventsOf(bytes);
  if (events === null) return { code: "batch_invalid", detail: beyondBatch };
  batch["events"] = events;
  return checkBatch(batch, mismatch);
}

const mismatch =
  "The batch does not match its schema, so none of its events was accepted. Its events are the lines of " +
  `the body, its other fields are headers: ${Object.values(batchHeaders).join(", ")}; the first is required.`;

const textFields = new Set(["batch_id", "package_id"]);

/**
 * Reads a field from its header.
 * @returns undefined when the header should be JSON and is not.
 */
function fieldOf(field: string, text: string): unknown {
  if (textFields.has(field)) return text;
  if (field === "sent_at") return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  // Node reads the bytes of a header as Latin-1: UTF-8 would be stored as other characters than were sent.
  // oxlint-disable-next-line no-control-regex -- the range is all of ASCII.
  return /^[\u0000-\u007f]*$/.test(text) ? parsed(text) : undefined;
}

/**
 * Returns one event for each line that is not blank, and at most one too many, which is enough to refuse the
 * batch; null when they would be parsed into too much. Each line is measured separately: a quote too many in
 * one line has no effect on the next.
 */
function eventsOf(bytes: Buffer): unknown[] | null {
  const events: unknown[] = [];
  const isBeyond = openMeter(bytes, batchBounds);
  let at = afterBlank(bytes, 0);
  while (at < bytes.length && events.length <= telemetryLimits.eventsPerBatchMax) {
    const newline = bytes.indexOf(lineBreak, at);
    const end = newline === -1 ? bytes.length : newline;
    if (isBeyond(at, end)) return null;
    const line = bytes.toString("utf8", at, end);
    const event = parsed(line);
    events.push(event === undefined ? brokenLine(line) : event);
    at = afterBlank(bytes, end);
  }
  return events;
}

const lineBreak = 0x0a;

/**
 * Skips blanks byte by byte: 5 MiB of line breaks hold up everybody for 20 ms, and a search for each takes 65
 * ms.
 */
function afterBlank(bytes: Buffer, from: number): number {
  let at = from;
  for (; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte !== lineBreak && byte !== 0x0d && byte !== 0x20 && byte !== 0x09) break;
  }
  return at;
}

/**
 * Parses a text.
 * @returns undefined when it is not JSON: no JSON is parsed to that.
 */
function parsed(text: string): unknown {
  const result = parseExactJson(text);
  return "detail" in result ? undefined : result.value;
}
