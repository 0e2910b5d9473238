// Reads log records of protobuf straight from the bytes of a request into columns: as objects they took four
// times as long. A resource and a scope are decoded once for all of their records. A record that is not usual
// is decoded and mapped separately. A request whose fields are in an order that no client writes, or that has
// to be refused, is left to `decodeRequest`, which alone decides what is wrong. `test/otlp-scan.test.ts`
// shows that both ways lead to the same events.
import { WireType } from "@bufbuild/protobuf/wire";
import { parseUuidText } from "@mosis/clickhouse/native-block";
import { type TelemetryBatch, telemetryLimits } from "@mosis/types/telemetry";
import type { IncomingBatch } from "../../events/delivery.ts";
import { idOf, uuidText } from "../../events/derived-id.ts";
import { shortText } from "../flatten.ts";
import { isPlain, isTooLarge } from "../../events/plain.ts";
import type { Reading } from "../protocol.ts";
import { stageEvent } from "../../events/stage.ts";
import { openStaging } from "../../events/staging.ts";
import { BeyondLimit, Budget, NotDecodable, otlpLimits } from "./logs.ts";
import { eventOf, type MappedResource, mapResource, sdkOf, sharedKeys, sourceOf, textOf } from "./mapping.ts";
import { decodeRecord, decodeResource, decodeScope } from "./protobuf.ts";
import { requestKeys, resourceLogsKeys, scopeLogsKeys } from "./protobuf-keys.ts";
import { RequestIds } from "./request-ids.ts";
import { RecordScanner } from "./scan-record.ts";
import { type RecordPlaces, StagedLogs } from "./staged-logs.ts";

const { recordsPerRequestMax } = otlpLimits;
/** A request with more is left to the other way: this is 12 a record in a request of the most records. */
const propertiesPerRequestMax = 131_072;
/** The fields of a record before it is found to have too many. */
const propertiesPerRecordMax = 2 * telemetryLimits.propertiesPerEventMax;
/** The wire type of texts and messages. */
const lengthDelimited: number = WireType.LengthDelimited;
const room = { events: recordsPerRequestMax, properties: propertiesPerRequestMax };

/**
 * Scans a request.
 * @returns null when the request is not usual or has to be refused, which says nothing about it. Otherwise
 * its events are staged until the next request is scanned.
 */
export function scanRequest(body: Buffer): Reading | null {
  try {
    return scanner.read(body);
  } catch (error) {
    if (error instanceof BeyondLimit || error instanceof NotDecodable) return null;
    throw error;
  }
}

class RequestScanner {
  private readonly staging = openStaging(room);
  private readonly records = new RecordScanner(this.staging);
  private readonly ids = new RequestIds(this.staging.eventIds);
  private readonly places: RecordPlaces = {
    starts: new Int32Array(recordsPerRequestMax),
    ends: new Int32Array(recordsPerRequestMax),
    scopeOf: new Int32Array(recordsPerRequestMax),
    scopes: [],
  };
  private body: Buffer = Buffer.alloc(0);
  private budget = new Budget();
  private batches: IncomingBatch[] = [];
  /** The SDK of the first resource; undefined before it. */
  private sdk: { of: TelemetryBatch["sdk"] } | undefined;
  private resource = mapResource({}, undefined);
  /** Records that were read, and where the open batch begins among them. */
  private count = 0;
  private from = 0;
  private bytesAtMost = 0;
  // The field that was read last.
  private key = 0;
  private start = 0;
  private end = 0;

  read(body: Buffer): Reading | null {
    this.open(body);
    for (let at = 0; at < body.length; at = this.end) {
      if (!this.field(at, body.length) || this.key !== requestKeys.resourceLogs) return null;
      const { start, end } = this;
      this.budget.resource();
      if (!this.resourceLogs(start, end)) return null;
      this.end = end;
    }
    const batch_id = this.ids.batchId(this.count);
    for (const batch of this.batches) batch.batch_id = batch_id;
    return { batches: this.batches, eventBytesAtMost: this.bytesAtMost };
  }

  private open(body: Buffer): void {
    this.staging.reset(body);
    this.records.open();
    this.ids.open();
    this.places.scopes = [];
    this.body = body;
    this.budget = new Budget();
    this.batches = [];
    this.sdk = undefined;
    this.count = 0;
    this.from = 0;
    this.bytesAtMost = 0;
  }

  /**
   * Reads key and length of a field.
   * @returns false when it has no length, or ends behind what it is in.
   */
  private field(start: number, endMax: number): boolean {
    const { body } = this;
    const key = body[start] as number;
    // No field has the number 0.
    if (key > 127 || key < 8 || (key & 7) !== lengthDelimited) return false;
    let at = start + 1;
    let length = 0;
    for (let bits = 0; ; bits += 7) {
      const byte = body[at++] as number;
      length |= (byte & 127) << bits;
      if (byte < 128) break;
      // A body has 23 bits at most.
      if (bits === 21 || at >= endMax) return false;
    }
    this.key = key;
    this.start = at;
    this.end = at + length;
    return this.end <= endMax;
  }

  private resourceLogs(from: number, to: number): boolean {
    let attributes: MappedResource["attributes"] | null = null;
    let hasScopes = false;
    for (let at = from; at < to; at = this.end) {
      if (!this.field(at, to)) return false;
      const { start, end } = this;
      if (this.key === resourceLogsKeys.resource) {
        if (attributes || hasScopes) return false;
        attributes = decodeResource(this.body.subarray(start, end), this.budget);
      } else if (this.key === resourceLogsKeys.scopeLogs) {
        this.budget.scope();
        if (!hasScopes) this.setResource(attributes ?? {});
        hasScopes = true;
        if (!this.scopeLogs(start, end)) return false;
      } else this.budget.skipped();
      this.end = end;
    }
    this.sdk ??= { of: sdkOf(attributes ?? {}) };
    this.closeBatch();
    return true;
  }

  private setResource(attributes: MappedResource["attributes"]): void {
    this.sdk ??= { of: sdkOf(attributes) };
    this.resource = mapResource(attributes, this.sdk.of);
  }

  private scopeLogs(from: number, to: number): boolean {
    let name: string | null = null;
    let hasRecords = false;
    for (let at = from; at < to; at = this.end) {
      if (!this.field(at, to)) return false;
      const { start, end } = this;
      if (this.key === scopeLogsKeys.scope) {
        if (name !== null || hasRecords) return false;
        name = decodeScope(this.body.subarray(start, end), this.budget);
      } else if (this.key === scopeLogsKeys.logRecords) {
        if (!hasRecords) this.setScope(name ?? "");
        hasRecords = true;
        if (!this.record(start, end)) return false;
      } else this.budget.skipped();
      this.end = end;
    }
    return true;
  }

  /** Returns what each record of a scope gets from its resource and scope. */
  private setScope(name: string): void {
    const { staging, resource, records } = this;
    const { shared, attributes } = resource;
    const scope = shortText(name);
    this.places.scopes.push(scope);
    this.ids.from(sourceOf(resource, name));
    const session = textOf(attributes["session.id"]);
    const texts = [...sharedKeys.map((key) => shared[key]), scope];
    const words = new Uint32Array(4);
    if (session) parseUuidText(idOf(session), words, 0);
    records.scope = {
      shared: texts.map((text) => {
        if (typeof text !== "string") return null;
        const place = staging.keep(text);
        return { place, length: staging.lengthFrom(place) };
      }),
      sharedBytes: Buffer.byteLength(JSON.stringify(texts)) + sharedKeys.join().length,
      session: session ? words : null,
    };
  }

  private record(start: number, end: number): boolean {
    const { staging, records, count, places } = this;
    this.budget.record();
    if (staging.properties + propertiesPerRecordMax > propertiesPerRequestMax) return false;
    places.starts[count] = start;
    places.ends[count] = end;
    places.scopeOf[count] = places.scopes.length - 1;
    const { properties } = staging;
    if (records.read(count, start, end, this.budget)) {
      this.bytesAtMost += records.bytesAtMost;
      if (!records.attributes.isNamed) this.ids.derive(count, staging.body, start, end);
    } else {
      staging.properties = properties;
      if (!this.mapRecord(start, end)) return false;
    }
    this.count++;
    if (this.count - this.from === telemetryLimits.eventsPerBatchMax) this.closeBatch();
    return true;
  }

  /**
   * Stages a record that is not usual, as an object.
   * @returns false when its event has to be refused.
   */
  private mapRecord(start: number, end: number): boolean {
    const { staging, count, resource, places } = this;
    const record = decodeRecord(this.body.subarray(start, end), this.budget);
    const uid = textOf(record.attributes["log.record.uid"]);
    if (uid) parseUuidText(idOf(uid), staging.eventIds, count * 4);
    else this.ids.derive(count, staging.body, start, end);
    const event_id = uuidText(staging.eventIds, count * 4);
    const event = eventOf(record, { event_id, scope: places.scopes.at(-1), resource });
    if (!isPlain(event) || isTooLarge(event)) return false;
    stageEvent(staging, count, event);
    this.bytesAtMost += telemetryLimits.eventBytesMax;
    return true;
  }

  private closeBatch(): void {
    const length = this.count - this.from;
    if (length === 0) return;
    const { staging, places, from } = this;
    const events = new StagedLogs({ staging, places }, { from, length }, this.resource);
    this.batches.push({ batch_id: "", ...this.resource.envelope, events });
    this.from = this.count;
  }
}

const scanner = new RequestScanner();
