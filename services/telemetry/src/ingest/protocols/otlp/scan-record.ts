// Reads a log record from its bytes into its place in the staging. It accepts what nearly all clients send:
// fields once each, attributes that are texts, numbers or booleans, each key once. For any other record
// `mapping.ts` decides what becomes of it.
import { eventKinds, telemetryLimits } from "@mosis/types/telemetry";
import { timeOf } from "../../events/clock.ts";
import type { Staging } from "../../events/staging.ts";
import { openKnownNames, own, ownKeys } from "./known-keys.ts";
import type { Budget } from "./logs.ts";
import { kindOf, unnamed } from "./mapping.ts";
import { field, RecordFields } from "./record-fields.ts";
import { AttributeScanner } from "./scan-attributes.ts";
import { escapeBytesOf, readScalar, scalar, scalars } from "./scan-scalar.ts";

const propertiesMax = telemetryLimits.propertiesPerEventMax - 1;
/** An event is not larger than this. */
const recordBytesMax = telemetryLimits.eventBytesMax;
/**
 * The most bytes of an event as JSON without its properties, and of the keys that are longer there than in a
 * record.
 */
const envelopeBytesMax = 1024;
const idBytesMax = 32;

/** The fields that each record gets from its resource and scope. Places are in the staging. */
export interface ScopeFields {
  /** The texts of its resource and scope, by index of `ownKeys`; null for none. */
  shared: readonly ({ place: number; length: number } | null)[];
  /** The most bytes that they take as JSON. */
  sharedBytes: number;
  /** The session of the resource; null without one. */
  session: Uint32Array | null;
}

export class RecordScanner {
  scope: ScopeFields = { shared: [], sharedBytes: 0, session: null };
  /** The most bytes of the event that was read last, written out as JSON. */
  bytesAtMost = 0;
  /** The most bytes that the fields without the attributes are longer as JSON. */
  private growth = 0;
  readonly attributes: AttributeScanner;
  private readonly fields: RecordFields;
  private readonly staging: Staging;
  private readonly names = openKnownNames();
  private readonly ownPlaces = new Int32Array(ownKeys.length);
  private readonly ownLengths = Int32Array.from(ownKeys, (key) => key.length);
  private unnamedPlace = 0;
  private readonly places: Int32Array;
  private readonly lengths: Int32Array;
  /** The id of a trace or a span in digits. */
  private readonly hex = Buffer.alloc(2 * idBytesMax);

  constructor(staging: Staging) {
    this.staging = staging;
    this.attributes = new AttributeScanner(staging);
    this.fields = new RecordFields(this.attributes);
    this.places = this.fields.places;
    this.lengths = this.fields.lengths;
  }

  /** Prepares for the records of a request, whose body the staging has. */
  open(): void {
    const { staging } = this;
    this.names.makeRoom();
    this.attributes.open();
    for (const [index, key] of ownKeys.entries()) this.ownPlaces[index] = staging.keep(key);
    this.unnamedPlace = staging.keep(unnamed);
  }

  /**
   * Reads a record between two places of the body. Its id is not there yet, unless an attribute has it.
   * @returns false when the record is not usual; its place in the staging is arbitrary then.
   */
  read(index: number, at: number, end: number, budget: Budget): boolean {
    const { staging } = this;
    if (end - at > recordBytesMax || !this.fields.find(staging.body, at, end, budget)) return false;
    staging.open(index);
    const first = staging.properties;
    this.growth = 0;
    if (!this.readTimes(index) || !this.readOwn() || !this.readBody()) return false;
    if (!this.attributes.read(index, budget, this.scope.session)) return false;
    if (staging.properties - first > propertiesMax) return false;
    this.readRest();
    if (!this.setName(index)) return false;
    const recordBytes = end - at + this.growth + this.attributes.growth;
    this.bytesAtMost = recordBytes + this.scope.sharedBytes + envelopeBytesMax;
    staging.propertiesEnd[index] = staging.properties;
    return this.bytesAtMost <= telemetryLimits.eventBytesMax;
  }

  /**
   * Sets the time of the event.
   * @returns false when the record has none.
   */
  private readTimes(index: number): boolean {
    const { places } = this;
    let time = this.timeAt(places[field.time] as number);
    if (Number.isNaN(time)) time = this.timeAt(places[field.observedTime] as number);
    this.staging.times[index] = timeOf(time);
    return !Number.isNaN(time);
  }

  /** Returns the nanoseconds of 64 bits at a place as whole milliseconds, NaN for none. */
  private timeAt(at: number): number {
    if (at === 0) return Number.NaN;
    const low = this.staging.view.getUint32(at, true);
    const high = this.staging.view.getUint32(at + 4, true);
    if (low === 0 && high === 0) return Number.NaN;
    // In two steps of at most 53 bits.
    const rest = (high % million) * 4_294_967_296 + low;
    return Math.floor(high / million) * 4_294_967_296 + Math.floor(rest / million);
  }

  /** Sets the properties of what is no attribute and stands before the body. */
  private readOwn(): boolean {
    const { staging, places, lengths, scope } = this;
    const { body } = staging;
    for (let key = 0; key <= own.scope; key++) {
      const shared = scope.shared[key];
      if (shared) this.addText(key, shared.place, shared.length);
    }
    const severityAt = places[field.severity] as number;
    const severity = severityAt === 0 ? 0 : (body[severityAt] as number);
    if (severity > 0) this.addNumber(own.severityNumber, severity);
    if (!this.checkText(field.severityText)) return false;
    const severityTextLength = lengths[field.severityText] as number;
    if (places[field.severityText] !== 0 && severityTextLength > 0) {
      this.addText(own.severityText, places[field.severityText] as number, severityTextLength);
    }
    if (!this.readHex(own.traceId, field.traceId)) return false;
    if (!this.readHex(own.spanId, field.spanId)) return false;
    return this.checkText(field.eventName);
  }

  /**
   * Counts how many bytes the text of a field is longer as JSON.
   * @returns false when the text is not UTF-8.
   */
  private checkText(number: number): boolean {
    const at = this.places[number] as number;
    if (at === 0) return true;
    const growth = escapeBytesOf(this.staging.body, at, this.lengths[number] as number);
    this.growth += growth;
    return growth >= 0;
  }

  /** Reads an id as hexadecimal digits, and sets its property. */
  private readHex(key: number, number: number): boolean {
    const at = this.places[number] as number;
    const length = at === 0 ? 0 : (this.lengths[number] as number);
    if (length > idBytesMax) return false;
    this.lengths[number] = 2 * length;
    if (length === 0) return true;
    const { body, scratch } = this.staging;
    for (let i = 0; i < length; i++) {
      const byte = body[at + i] as number;
      this.hex[2 * i] = hexDigits[byte >>> 4] as number;
      this.hex[2 * i + 1] = hexDigits[byte & 15] as number;
    }
    const place = ~scratch.length;
    scratch.bytes(this.hex, 0, 2 * length);
    this.addText(key, place, 2 * length);
    return true;
  }

  private readBody(): boolean {
    const at = this.places[field.body] as number;
    const length = at === 0 ? 0 : (this.lengths[field.body] as number);
    const { body, view } = this.staging;
    const kind = readScalar(body, view, at, at + length);
    if (kind === scalars.unusual) return false;
    this.growth += scalar.growth;
    if (kind === scalars.text) this.addText(own.body, scalar.at, scalar.length);
    else if (kind !== scalars.none) this.addNumber(own.body, scalar.number);
    return true;
  }

  private addText(key: number, place: number, length: number): void {
    const at = this.addOwn(key);
    this.staging.values[at] = place;
    this.staging.valueLengths[at] = length;
  }

  private addNumber(key: number, value: number): void {
    const at = this.addOwn(key);
    this.staging.valueLengths[at] = -1;
    this.staging.numbers[at] = value;
  }

  private addOwn(key: number): number {
    const { staging } = this;
    // An attribute of the same key would replace it, which is counted.
    this.attributes.take(key);
    const at = staging.properties++;
    staging.keys[at] = this.ownPlaces[key] as number;
    staging.keyLengths[at] = this.ownLengths[key] as number;
    return at;
  }

  /** Sets the properties of what stands behind the attributes. */
  private readRest(): void {
    const droppedAt = this.places[field.dropped] as number;
    const dropped = droppedAt === 0 ? 0 : (this.staging.body[droppedAt] as number);
    if (dropped > 0) this.addNumber(own.dropped, dropped);
  }

  /**
   * Sets name and kind.
   * @returns false when the name has to be changed.
   */
  private setName(index: number): boolean {
    const { staging, places, lengths } = this;
    const severityAt = places[field.severity] as number;
    const severity = severityAt === 0 ? 0 : (staging.body[severityAt] as number);
    const kind = kindBySeverity[2 * severity + (this.attributes.isException ? 1 : 0)] as number;
    let at = places[field.eventName] as number;
    let length = lengths[field.eventName] as number;
    if (at === 0 || length === 0) {
      at = this.attributes.nameAt;
      length = this.attributes.nameLength;
    }
    if (at === 0) {
      staging.names[index] = this.unnamedPlace;
      staging.nameLengths[index] = unnamed.length;
      staging.kinds[index] = kind;
      return true;
    }
    const name = this.names.indexOf(staging.body, at, length);
    const kindByName = name < 0 ? 0 : (this.names.marks[name] as number);
    staging.names[index] = at;
    staging.nameLengths[index] = length;
    const isByName = kindByName === eventKinds.crash || kind === eventKinds.event;
    staging.kinds[index] = isByName ? kindByName : kind;
    return kindByName > 0;
  }
}

/**
 * The kind of an event whose name does not determine it, by twice the severity, and one more for an
 * exception.
 */
const kindBySeverity = Uint8Array.from(
  { length: 256 },
  (_, index) => eventKinds[kindOf(unnamed, index >> 1, index % 2 === 1)],
);

const million = 1_000_000;
const hexDigits = Buffer.from("0123456789abcdef");
