import type { IncomingBatch } from "@mosis/kafka";
import { completenessKey, isStateTopic, outboxHeaders } from "@mosis/types/topics";
import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";
import type { RecordFault } from "./block.ts";
import type { Origin } from "./dead-letter.ts";

export interface JsonRecord<T> {
  origin: Origin;
  /** The parsed value; null for a tombstone. */
  value: T | null;
  /** The place in the order of commits of a developer, as decimal text: it may outgrow a number. */
  position: string;
}

/**
 * Reads records of one JSON value each. Records that are not in their form are returned separately, and do
 * not stop the others.
 */
export function createJsonReader<S extends TSchema>(schema: S) {
  const validator = Compile(schema);
  return (batches: IncomingBatch[]): { read: JsonRecord<Static<S>>[]; faults: [Origin, RecordFault][] } => {
    const read: JsonRecord<Static<S>>[] = [];
    const faults: [Origin, RecordFault][] = [];
    for (const { topic, partition, records } of batches) {
      for (const record of records) {
        // This record of the relay concerns a whole compacted topic; it is not a state.
        if (isStateTopic(topic) && record.key?.toString() === completenessKey) continue;
        const origin = { topic, partition, record };
        const { value } = record;
        const position = record.headers[outboxHeaders.position]?.toString() ?? "";
        if (!/^\d{1,18}$/.test(position)) {
          faults.push([origin, { code: "position_invalid", detail: "The header position is not a number." }]);
          continue;
        }
        try {
          const parsed: unknown = value && JSON.parse(value.toString());
          if (parsed === null && value === null) read.push({ origin, value: null, position });
          else if (validator.Check(parsed)) read.push({ origin, value: parsed, position });
          else faults.push([origin, { code: "form_invalid", detail: firstFault(validator.Errors(parsed)) }]);
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;
          faults.push([origin, { code: "json_invalid", detail: error.message }]);
        }
      }
    }
    return { read, faults };
  };
}

function firstFault([first]: { instancePath: string; message: string }[]): string {
  return first ? `${first.instancePath} ${first.message}` : "The record is not in its form.";
}
