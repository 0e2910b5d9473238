import { uuidText } from "../../events/derived-id.ts";
import type { EventList } from "../../events/delivery.ts";
import type { Staging } from "../../events/staging.ts";
import { Budget } from "./logs.ts";
import { eventOf, type MappedResource } from "./mapping.ts";
import { decodeRecord } from "./protobuf.ts";

/** Where the records of a request stand in its body, by index. */
export interface RecordPlaces {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** The scope of each record, among `scopes`. */
  readonly scopeOf: Int32Array;
  /** The scopes, as properties. */
  scopes: (string | undefined)[];
}

/**
 * The log records of one resource that are staged already. They are valid until the next request is scanned.
 */
export class StagedLogs implements EventList {
  readonly length: number;
  private readonly all: Staging;
  private readonly part: Staging;
  private readonly from: number;
  private readonly places: RecordPlaces;
  private readonly resource: MappedResource;

  /** @param from the index of the first one among all records of the request. */
  constructor(
    { staging, places }: { staging: Staging; places: RecordPlaces },
    { from, length }: { from: number; length: number },
    resource: MappedResource,
  ) {
    this.length = length;
    this.all = staging;
    this.part = staging.part(from, length);
    this.from = from;
    this.places = places;
    this.resource = resource;
  }

  /**
   * @throws Error when another request was scanned since: a bug of the caller, which would store that one.
   */
  staged(): Staging {
    if (this.all.body !== this.part.body) throw new Error("The staged events are those of another request");
    return this.part;
  }

  /** Returns a record as an object, which only few need: refusals, warnings and restrictions. */
  at(index: number): unknown {
    const { body, eventIds } = this.staged();
    const { starts, ends, scopeOf, scopes } = this.places;
    const record = this.from + index;
    const message = body.subarray(starts[record], ends[record]);
    return eventOf(decodeRecord(message, new Budget()), {
      event_id: uuidText(eventIds, index * 4),
      scope: scopes[scopeOf[record] as number],
      resource: this.resource,
    });
  }
}
