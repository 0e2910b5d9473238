import type { Budget } from "./logs.ts";
import { recordFlags, recordKeys } from "./protobuf-keys.ts";
import type { AttributeScanner } from "./scan-attributes.ts";

const fieldsMax = 16;
const fieldOf = (key: number) => key >> 3;
/** Numbers of the fields of a record. */
export const field = {
  time: fieldOf(recordKeys.time),
  severity: fieldOf(recordKeys.severity),
  severityText: fieldOf(recordKeys.severityText),
  body: fieldOf(recordKeys.body),
  attributes: fieldOf(recordKeys.attributes),
  dropped: fieldOf(recordKeys.droppedAttributes),
  traceId: fieldOf(recordKeys.traceId),
  spanId: fieldOf(recordKeys.spanId),
  observedTime: fieldOf(recordKeys.observedTime),
  eventName: fieldOf(recordKeys.eventName),
} as const;
/** The wire type of each field, by its number; -1 when there is no such field. */
const typeOf = new Int8Array(fieldsMax).fill(-1);
for (const key of [...Object.values(recordKeys), recordFlags]) typeOf[fieldOf(key)] = key & 7;

/** Where the fields of a record stand in a body. */
export class RecordFields {
  /** The place of each field's value, by its number; 0 when there is none. */
  readonly places = new Int32Array(fieldsMax);
  readonly lengths = new Int32Array(fieldsMax);
  private readonly attributes: AttributeScanner;

  constructor(attributes: AttributeScanner) {
    this.attributes = attributes;
  }

  /**
   * Finds the fields between two places of a body.
   * @returns false when they are not those of a usual record.
   */
  find(body: Buffer, start: number, end: number, budget: Budget): boolean {
    const { places, lengths } = this;
    places.fill(0);
    this.attributes.openRecord();
    for (let at = start; at < end;) {
      const key = body[at++] as number;
      const number = key >> 3;
      const type = key & 7;
      if (key >= 128 || typeOf[number] !== type) return false;
      let length = 8;
      if (type === 0) length = 1;
      else if (type === 5) length = 4;
      else if (type === 2) {
        length = body[at++] as number;
        if (length > 127) length = (length & 127) | ((body[at++] as number) << 7);
        if (length > 16_383) return false;
      }
      if (number === field.attributes) {
        if (!this.attributes.found(at, at + length)) return false;
      } else if (places[number] === 0) {
        places[number] = at;
        lengths[number] = length;
        // The record is counted once more if it turns out to be unusual: then only the other way decides.
        if (key === recordFlags) budget.skipped();
        else if (key === recordKeys.body) budget.value(0);
        if (type === 0 && (body[at] as number) > 127) return false;
      } else return false;
      at += length;
      if (at > end) return false;
    }
    return true;
  }
}
