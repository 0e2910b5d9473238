import { parseUuid, parseUuidText } from "@mosis/clickhouse/native-block";
import { telemetryLimits } from "@mosis/types/telemetry";
import { idOf } from "../../events/derived-id.ts";
import type { Staging } from "../../events/staging.ts";
import { keyMarks, openKnownKeys } from "./known-keys.ts";
import type { Budget } from "./logs.ts";
import { keyValueKeys } from "./protobuf-keys.ts";
import { readScalar, scalar, scalars } from "./scan-scalar.ts";

const attributesMax = telemetryLimits.propertiesPerEventMax;

/** Reads the attributes of a record, and sets its properties. */
export class AttributeScanner {
  /** True when one of the attributes is the record's id. */
  isNamed = false;
  isException = false;
  /** Where the attribute with the event's name stands in the body; 0 without one. */
  nameAt = 0;
  nameLength = 0;
  /** The most bytes that the attributes are longer as JSON. */
  growth = 0;
  private readonly staging: Staging;
  private readonly keys = openKnownKeys();
  /** The last record that had a key, and its request, by key. */
  private readonly recordOf = new Int32Array(this.keys.marks.length);
  private readonly requestOf = new Int32Array(this.keys.marks.length);
  private record = 0;
  private request = 0;
  /** Where each attribute begins, followed by where it ends. */
  private readonly places = new Int32Array(2 * attributesMax);
  private count = 0;
  /** The key that stood last at a place of a record, which is likely to be repeated. */
  private readonly likely = new Int32Array(attributesMax);
  private keyAt = 0;
  private hasSession = false;
  private stackTraces = 0;
  // The session that was read last in this request.
  private sessionAt = 0;
  private sessionLength = -1;
  private readonly session = new Uint32Array(4);

  constructor(staging: Staging) {
    this.staging = staging;
  }

  /** Prepares for the records of a request. */
  open(): void {
    if (this.keys.makeRoom()) this.likely.fill(0);
    this.request = (this.request + 1) | 0;
    this.sessionLength = -1;
  }

  openRecord(): void {
    // The numbers have 32 bits, as they are stored. A number that is repeated after so many makes a record
    // unusual at worst.
    this.record = (this.record + 1) | 0;
    this.count = 0;
    this.nameAt = 0;
    this.isNamed = false;
    this.hasSession = false;
    this.isException = false;
    this.stackTraces = 0;
    this.growth = 0;
  }

  /**
   * Notes where the next attribute stands.
   * @returns false when there are too many.
   */
  found(at: number, end: number): boolean {
    if (this.count === attributesMax) return false;
    this.places[2 * this.count] = at;
    this.places[2 * this.count + 1] = end;
    this.count++;
    return true;
  }

  /** Notes that the record has a property of a known key that does not come from an attribute. */
  take(key: number): void {
    this.recordOf[key] = this.record;
  }

  /**
   * Reads the attributes that were found.
   * @param session of the resource, for a record without one.
   * @returns false when the record is not usual.
   */
  read(index: number, budget: Budget, session: Uint32Array | null): boolean {
    for (let n = 0; n < this.count; n++) {
      const kind = this.readOne(n, budget);
      if (kind === scalars.unusual) return false;
      const key = this.likely[n] as number;
      const mark = this.keys.marks[key] as number;
      if (mark === 0) this.add(key, kind);
      else if (!this.addMarked(index, mark, key, kind)) return false;
    }
    if (!this.hasSession && session) this.staging.sessionIds.set(session, index * 4);
    return true;
  }

  /**
   * Reads the n-th attribute, its key into `likely`.
   * @returns which of `scalars` it is.
   */
  private readOne(n: number, budget: Budget): number {
    const { staging, keys } = this;
    const { body } = staging;
    const start = this.places[2 * n] as number;
    const end = this.places[2 * n + 1] as number;
    const length = body[start + 1] as number;
    const at = start + 2;
    let valueAt = at + length;
    if (body[start] !== keyValueKeys.key || length > 127 || valueAt + 1 >= end) return scalars.unusual;
    let key = this.likely[n] as number;
    if (!keys.is(key, body, at, length)) {
      key = keys.indexOf(body, at, length);
      if (key < 0) return scalars.unusual;
      this.likely[n] = key;
    }
    if (this.recordOf[key] === this.record) return scalars.unusual;
    this.recordOf[key] = this.record;
    if (this.requestOf[key] !== this.request) {
      this.requestOf[key] = this.request;
      budget.key(keys.texts[key] as string);
    }
    if (body[valueAt++] !== keyValueKeys.value) return scalars.unusual;
    let valueLength = body[valueAt++] as number;
    if (valueLength > 127) valueLength = (valueLength & 127) | ((body[valueAt++] as number) << 7);
    if (valueAt + valueLength !== end || valueLength > 16_383) return scalars.unusual;
    budget.value(0);
    budget.value(0);
    this.keyAt = at;
    const kind = readScalar(body, staging.view, valueAt, end);
    this.growth += scalar.growth;
    return kind;
  }

  /**
   * Reads an attribute with another meaning.
   * @returns false when its record is unusual.
   */
  private addMarked(index: number, mark: number, key: number, kind: number): boolean {
    const isFilled = kind === scalars.text && scalar.length > 0;
    if (mark === keyMarks.private) return true;
    if (mark === keyMarks.unusual) return false;
    if (mark === keyMarks.exception) this.isException = true;
    else if (mark === keyMarks.stackTrace) {
      // Several stack traces share what an event may still take.
      if (kind === scalars.text && ++this.stackTraces > 1) return false;
    } else if (isFilled) {
      if (mark === keyMarks.session) this.setSession(index);
      else if (mark === keyMarks.uid) this.setId(index);
      else {
        this.nameAt = scalar.at;
        this.nameLength = scalar.length;
      }
      return true;
    }
    this.add(key, kind);
    return true;
  }

  private setSession(index: number): void {
    const { body, sessionIds } = this.staging;
    this.hasSession = true;
    const { at, length } = scalar;
    if (!isSame(body, at, length, this.sessionAt, this.sessionLength)) {
      readId(body, at, length, this.session, 0);
      this.sessionAt = at;
      this.sessionLength = length;
    }
    sessionIds.set(this.session, index * 4);
  }

  private setId(index: number): void {
    this.isNamed = true;
    readId(this.staging.body, scalar.at, scalar.length, this.staging.eventIds, index * 4);
  }

  private add(key: number, kind: number): void {
    if (kind === scalars.none) return;
    const { staging } = this;
    const at = staging.properties++;
    staging.keys[at] = this.keyAt;
    staging.keyLengths[at] = this.keys.lengths[key] as number;
    if (kind === scalars.text) {
      staging.values[at] = scalar.at;
      staging.valueLengths[at] = scalar.length;
    } else {
      staging.valueLengths[at] = -1;
      staging.numbers[at] = scalar.number;
    }
  }
}

/** Returns an id that came as text: see `idOf`. */
function readId(body: Buffer, at: number, length: number, words: Uint32Array, wordAt: number): void {
  if (length === 36 && parseUuid(body, at, words, wordAt)) return;
  parseUuidText(idOf(body.toString("utf8", at, at + length)), words, wordAt);
}

function isSame(body: Buffer, at: number, length: number, otherAt: number, otherLength: number): boolean {
  if (length !== otherLength) return false;
  for (let i = 0; i < length; i++) if (body[at + i] !== body[otherAt + i]) return false;
  return true;
}
