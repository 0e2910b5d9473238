import { ByteSink } from "@mosis/clickhouse/native-block";
import { eventKinds, telemetryLimits } from "@mosis/types/telemetry";

/** How many events, and properties of all events together, there is room for. */
interface StagingRoom {
  events: number;
  properties: number;
}

const roomOfBatch: StagingRoom = {
  events: telemetryLimits.eventsPerBatchMax,
  properties: telemetryLimits.eventsPerBatchMax * telemetryLimits.propertiesPerEventMax,
};

/**
 * The valid events of one request between reading and storing, as typed arrays: no object is made for an
 * event. `scan.ts` fills it from the bytes of a body and `stage.ts` from an object; `columns.ts` reads it.
 *
 * A text is a place and a length in bytes of UTF-8. A place from 0 on lies in `body`. A place below 0 is
 * `~place` in `scratch`, which holds texts that do not stand in the body in the form in which they are
 * stored.
 */
export class Staging {
  body: Buffer = Buffer.alloc(0);
  /** The bytes of `body`, to compare four at a time. */
  view: DataView = new DataView(new ArrayBuffer(0));
  readonly scratch: ByteSink;
  /** Four words for each event, in the form of `parseUuid`. */
  readonly eventIds: Uint32Array;
  /** Four words for each event; zeros when it belongs to no session. */
  readonly sessionIds: Uint32Array;
  readonly sessionBytes: Uint8Array;
  /** Milliseconds since 1970 by the client's clock; NaN when the time cannot be stored. */
  readonly times: Float64Array;
  /** The numbers of the ClickHouse Enum8. */
  readonly kinds: Uint8Array;
  readonly durations: Float64Array;
  readonly names: Int32Array;
  readonly nameLengths: Int32Array;
  /** The properties of event i are those from `propertiesOf[i]` up to `propertiesEnd[i]`. */
  readonly propertiesOf: Int32Array;
  readonly propertiesEnd: Int32Array;
  readonly keys: Int32Array;
  readonly keyLengths: Int32Array;
  /** The length of a text; -1 for a number. */
  readonly valueLengths: Int32Array;
  readonly values: Int32Array;
  readonly numbers: Float64Array;
  properties = 0;

  constructor(arrays: Arrays = openArrays(roomOfBatch)) {
    this.scratch = arrays.scratch;
    this.eventIds = arrays.eventIds;
    this.sessionIds = arrays.sessionIds;
    this.sessionBytes = new Uint8Array(
      arrays.sessionIds.buffer,
      arrays.sessionIds.byteOffset,
      arrays.sessionIds.byteLength,
    );
    this.times = arrays.times;
    this.kinds = arrays.kinds;
    this.durations = arrays.durations;
    this.names = arrays.names;
    this.nameLengths = arrays.nameLengths;
    this.propertiesOf = arrays.propertiesOf;
    this.propertiesEnd = arrays.propertiesEnd;
    this.keys = arrays.keys;
    this.keyLengths = arrays.keyLengths;
    this.valueLengths = arrays.valueLengths;
    this.values = arrays.values;
    this.numbers = arrays.numbers;
  }

  /** Returns the events from an index on as a staging of their own, in the same memory. */
  part(from: number, events: number): Staging {
    const to = from + events;
    const part = new Staging({
      scratch: this.scratch,
      eventIds: this.eventIds.subarray(from * 4, to * 4),
      sessionIds: this.sessionIds.subarray(from * 4, to * 4),
      times: this.times.subarray(from, to),
      kinds: this.kinds.subarray(from, to),
      durations: this.durations.subarray(from, to),
      names: this.names.subarray(from, to),
      nameLengths: this.nameLengths.subarray(from, to),
      propertiesOf: this.propertiesOf.subarray(from, to),
      propertiesEnd: this.propertiesEnd.subarray(from, to),
      keys: this.keys,
      keyLengths: this.keyLengths,
      valueLengths: this.valueLengths,
      values: this.values,
      numbers: this.numbers,
    });
    part.body = this.body;
    part.view = this.view;
    return part;
  }

  /**
   * Prepares for the events of a request.
   * @param body the buffer that places from 0 on refer to.
   */
  reset(body: Buffer): void {
    this.body = body;
    this.view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    this.scratch.reset();
    this.properties = 0;
  }

  /** Begins an event without its optional fields; the other fields must follow. */
  open(index: number): void {
    this.kinds[index] = eventKinds.event;
    this.durations[index] = 0;
    for (let word = index * 4; word < index * 4 + 4; word++) this.sessionIds[word] = 0;
    this.propertiesOf[index] = this.properties;
    this.propertiesEnd[index] = this.properties;
  }

  /**
   * Keeps a text in `scratch`.
   * @returns its place.
   */
  keep(text: string): number {
    const place = ~this.scratch.length;
    this.scratch.utf8(text);
    return place;
  }

  /** Returns the length of the text that was kept last. */
  lengthFrom(place: number): number {
    return this.scratch.length - ~place;
  }

  /** Returns the buffer that a place lies in. Read it from `offsetOf` on. */
  bufferOf(place: number): Buffer {
    return place < 0 ? this.scratch.buffer : this.body;
  }
}

type Arrays = Pick<
  Staging,
  | "scratch"
  | "eventIds"
  | "sessionIds"
  | "times"
  | "kinds"
  | "durations"
  | "names"
  | "nameLengths"
  | "propertiesOf"
  | "propertiesEnd"
  | "keys"
  | "keyLengths"
  | "valueLengths"
  | "values"
  | "numbers"
>;

export function openStaging(room: StagingRoom): Staging {
  return new Staging(openArrays(room));
}

function openArrays({ events, properties }: StagingRoom): Arrays {
  return {
    scratch: new ByteSink(65_536),
    eventIds: new Uint32Array(events * 4),
    sessionIds: new Uint32Array(events * 4),
    times: new Float64Array(events),
    kinds: new Uint8Array(events),
    durations: new Float64Array(events),
    names: new Int32Array(events),
    nameLengths: new Int32Array(events),
    propertiesOf: new Int32Array(events),
    propertiesEnd: new Int32Array(events),
    keys: new Int32Array(properties),
    keyLengths: new Int32Array(properties),
    valueLengths: new Int32Array(properties),
    values: new Int32Array(properties),
    numbers: new Float64Array(properties),
  };
}

export function offsetOf(place: number): number {
  return place < 0 ? ~place : place;
}

/** Returns how many of the bytes hold at most `max` code points. */
export function charactersUpTo(buffer: Uint8Array, at: number, length: number, max: number): number {
  let count = 0;
  for (let i = 0; i < length; i++) {
    const isContinuation = ((buffer[at + i] as number) & 0xc0) === 0x80;
    if (!isContinuation && ++count > max) return i;
  }
  return length;
}
