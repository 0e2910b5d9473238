import { type ProblemDetail, type ProblemCode } from "@mosis/types/problems";
import { TelemetryBatch, telemetryLimits } from "@mosis/types/telemetry";
import { Compile } from "typebox/compile";
import type { IncomingBatch } from "../events/delivery.ts";
import { parseExactJson } from "../events/exact-json.ts";
import { batchBounds, beyondBatch, isBeyond } from "./json-bounds.ts";
import { scanBatch } from "./scan-batch.ts";

/** Why a whole batch is refused, as far as that is known before its events are looked at. */
export interface BatchRefusal {
  code: ProblemCode;
  detail: string;
  errors?: ProblemDetail[];
}

const isBatch = Compile(TelemetryBatch);
const errorsMax = 10;

/** Reads a JSON body: plain events where they stand, all others as objects. */
export function readBatch(body: Buffer): IncomingBatch | BatchRefusal {
  const scanned = scanBatch(body);
  if (scanned === null) return parseBatch(body);
  const { envelope, events } = scanned;
  envelope.events = [];
  const batch = checkBatch(envelope, mismatch);
  return "events" in batch ? { ...batch, events } : batch;
}

const mismatch = "The batch does not match its schema, so none of its events was accepted.";

/**
 * Parses a JSON body once and checks the envelope, which is everything of a batch but its events. Distinguish
 * the two results by `events`: a batch may have any other field, `code` and `detail` among them.
 */
function parseBatch(bytes: Buffer): TelemetryBatch | BatchRefusal {
  if (isBeyond(bytes, batchBounds)) return { code: "batch_invalid", detail: beyondBatch };
  const parsed = parseExactJson(bytes.toString());
  if ("detail" in parsed) return { code: "malformed_json", detail: parsed.detail };
  return checkBatch(parsed.value, mismatch);
}

/**
 * Checks the envelope of a batch.
 * @param detail of the refusal; its errors point into the batch as it is in JSON.
 */
export function checkBatch(value: unknown, detail: string): TelemetryBatch | BatchRefusal {
  if (isBatch.Check(value)) return value;
  // The length is checked before each item is checked for its own fault: there may be a million.
  const long = longListsOf(value);
  if (long.length > 0) return { code: "batch_invalid", detail, errors: long };
  return {
    code: "batch_invalid",
    detail,
    errors: isBatch
      .Errors(value)
      .slice(0, errorsMax)
      .map(({ instancePath, keyword, message }) => ({ pointer: instancePath, code: keyword, message })),
  };
}

function longListsOf(value: unknown): ProblemDetail[] {
  return Object.entries(itemsMax).flatMap(([field, max]) => {
    const list = (value as Record<string, unknown> | null)?.[field];
    if (!Array.isArray(list) || list.length <= max) return [];
    return [{ pointer: `/${field}`, code: "maxItems", message: `must not have more than ${max} items` }];
  });
}

const itemsMax = {
  events: telemetryLimits.eventsPerBatchMax,
  discarded: telemetryLimits.discardedReasonsMax,
};
