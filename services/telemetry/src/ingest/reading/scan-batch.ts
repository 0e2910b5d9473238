import { randomBytes } from "node:crypto";
import { type TelemetryBatch, telemetryLimits } from "@mosis/types/telemetry";
import type { EventList } from "../events/delivery.ts";
import { parseExactJson } from "../events/exact-json.ts";
import { scanEvent } from "./scan.ts";
import { Staging } from "../events/staging.ts";

/** The events that stand in a body and are staged already. They are valid until the next body is scanned. */
class ScannedEvents implements EventList {
  readonly length: number;
  private readonly body: Buffer;

  constructor(length: number) {
    this.length = length;
    this.body = staging.body;
  }

  /** @throws Error when another body was scanned since: a bug of the caller, which would store its events. */
  staged(): Staging {
    if (staging.body !== this.body) throw new Error("The staged events are those of another request");
    return staging;
  }

  /** Returns an event as an object, which only few need: refusals and warnings. */
  at(index: number): unknown {
    const { body } = this.staged();
    const parsed = parseExactJson(body.toString("utf8", starts[index], ends[index]));
    if ("detail" in parsed) throw new Error("What was scanned is not JSON", { cause: parsed.cause });
    return parsed.value;
  }
}

/** The fields of a batch that were read, and its events. Only the events were checked. */
export interface ScannedBatch {
  envelope: Partial<Record<keyof TelemetryBatch, unknown>>;
  events: ScannedEvents;
}

// One body is scanned at a time.
const staging = new Staging();
const starts = new Int32Array(telemetryLimits.eventsPerBatchMax);
const ends = new Int32Array(telemetryLimits.eventsPerBatchMax);

/** Stands in the place of the events while the rest is parsed. Nobody else can know it. */
const token = randomBytes(16).toString("hex");
const eventsKey = Buffer.from('"events":');

/**
 * Scans a body.
 * @returns null when the body is not plain, which says nothing about it.
 */
export function scanBatch(body: Buffer): ScannedBatch | null {
  const key = body.indexOf(eventsKey);
  if (key < 0) return null;
  const from = key + eventsKey.length;
  staging.reset(body);
  const count = scanList(body, body[from] === space ? from + 1 : from);
  if (count < 0) return null;
  // Only this part is parsed without being measured.
  if (from + body.length - listEnd > envelopeBytesMax) return null;
  // The key may have stood inside another object or in a text: the token comes out here only when it was a
  // field of the batch.
  const rest = parsed(`${body.toString("utf8", 0, from)}"${token}"${body.toString("utf8", listEnd)}`);
  if (rest?.["events"] !== token) return null;
  return { envelope: rest, events: new ScannedEvents(count) };
}

/**
 * The most bytes of a plain batch without its events: several times a context and twenty reasons of
 * discarding.
 */
const envelopeBytesMax = 8192;

let listEnd = 0;

/**
 * Scans a list of events, which ends at `listEnd`.
 * @returns the number of events, or -1 when the list is not plain.
 */
function scanList(body: Buffer, start: number): number {
  let at = start;
  if (body[at++] !== openBracket) return -1;
  let count = 0;
  for (let next = body[at]; next !== closeBracket; count++) {
    if (count > 0 && body[at++] !== comma) return -1;
    if (body[at] === space) at++;
    if (count === telemetryLimits.eventsPerBatchMax) return -1;
    const end = scanEvent(staging, count, at);
    // The limit applies to an event written out, which is longer than this only by numbers with exponents.
    if (end < 0 || (end - at) * writtenOutFactor > telemetryLimits.eventBytesMax) return -1;
    starts[count] = at;
    ends[count] = end;
    at = end;
    next = body[at];
  }
  listEnd = at + 1;
  return count;
}

/** `,1e20` is written out as `,100000000000000000000`: 22 bytes instead of five. */
const writtenOutFactor = 22 / 5;
const space = 0x20;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;

function parsed(json: string): Record<string, unknown> | null {
  try {
    return JSON.parse(json) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}
