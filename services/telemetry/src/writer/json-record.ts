import type { IncomingBatch } from "@mosis/kafka";
import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";
import type { Fault } from "./block.ts";
import type { Origin } from "./dead-letter.ts";

export interface JsonRecord<T> {
  origin: Origin;
  /** Null is a tombstone. */
  value: T | null;
}

/**
 * Reads records of one JSON value each; what is not in its form is told apart, and does not stop the others.
 */
export function createJsonReader<S extends TSchema>(schema: S) {
  const validator = Compile(schema);
  return (batches: IncomingBatch[]): { read: JsonRecord<Static<S>>[]; faults: [Origin, Fault][] } => {
    const read: JsonRecord<Static<S>>[] = [];
    const faults: [Origin, Fault][] = [];
    for (const { topic, partition, records } of batches) {
      for (const record of records) {
        const origin = { topic, partition, record };
        const { value } = record;
        try {
          const parsed: unknown = value && JSON.parse(value.toString());
          if (parsed === null && value === null) read.push({ origin, value: null });
          else if (validator.Check(parsed)) read.push({ origin, value: parsed });
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
