import { ByteSink } from "@mosis/clickhouse/native-block";
import { eventKinds, telemetryLimits } from "@mosis/types/telemetry";

const eventsMax = telemetryLimits.eventsPerBatchMax;
const propertiesMax = eventsMax * telemetryLimits.propertiesPerEventMax;

/**
 * The valid events of one request between reading and storing, as typed arrays: no object is made for an
 * event. `scan.ts` fills it from the bytes of a body, `stage.ts` from an object; `columns.ts` reads it.
 *
 * Text is a place and a length in bytes of UTF-8. A place from 0 on is in `body`; below 0 it is `~place` in
 * `scratch`, which holds what does not stand in the body as it is stored.
 */
export class Staging {
  body: Buffer = Buffer.alloc(0);
  /** The same bytes, to compare four at a time. */
  view: DataView = new DataView(new ArrayBuffer(0));
  readonly scratch = new ByteSink(65_536);
  /** Four words an event, as `parseUuid` gives them. */
  readonly eventIds = new Uint32Array(eventsMax * 4);
  /** The same; zeros when an event belongs to no session. */
  readonly sessionIds = new Uint32Array(eventsMax * 4);
  readonly sessionBytes = new Uint8Array(this.sessionIds.buffer);
  /** Milliseconds since 1970 by the client; NaN when it is not a time that can be stored. */
  readonly times = new Float64Array(eventsMax);
  /** Numbers of the ClickHouse Enum8. */
  readonly kinds = new Uint8Array(eventsMax);
  readonly durations = new Float64Array(eventsMax);
  readonly names = new Int32Array(eventsMax);
  readonly nameLengths = new Int32Array(eventsMax);
  /** The properties of event i are those from `propertiesOf[i]` up to `propertiesEnd[i]`. */
  readonly propertiesOf = new Int32Array(eventsMax);
  readonly propertiesEnd = new Int32Array(eventsMax);
  readonly keys = new Int32Array(propertiesMax);
  readonly keyLengths = new Int32Array(propertiesMax);
  /** Of a text; -1 for a number. */
  readonly valueLengths = new Int32Array(propertiesMax);
  readonly values = new Int32Array(propertiesMax);
  readonly numbers = new Float64Array(propertiesMax);
  properties = 0;

  /** Before the events of a request. @param body what places from 0 on are in. */
  reset(body: Buffer): void {
    this.body = body;
    this.view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    this.scratch.reset();
    this.properties = 0;
  }

  /** An event without its optional fields; the others must follow. */
  open(index: number): void {
    this.kinds[index] = eventKinds.event;
    this.durations[index] = 0;
    for (let word = index * 4; word < index * 4 + 4; word++) this.sessionIds[word] = 0;
    this.propertiesOf[index] = this.properties;
    this.propertiesEnd[index] = this.properties;
  }

  /** Keeps a text in `scratch`. @returns its place. */
  keep(text: string): number {
    const place = ~this.scratch.length;
    this.scratch.utf8(text);
    return place;
  }

  /** Length of the text that was kept last. */
  lengthFrom(place: number): number {
    return this.scratch.length - ~place;
  }

  /** The buffer a place is in, to read from `offsetOf` on. */
  bufferOf(place: number): Buffer {
    return place < 0 ? this.scratch.buffer : this.body;
  }
}

export function offsetOf(place: number): number {
  return place < 0 ? ~place : place;
}
