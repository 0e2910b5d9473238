import { parseUuidText } from "@mosis/clickhouse/native-block";
import {
  type BatchContext,
  type EventKind,
  type TelemetryBatch,
  telemetryLimits,
} from "@mosis/types/telemetry";
import type { IncomingBatch } from "../../events/delivery.ts";
import { createDistinctIds, derivedId, idOf, uuidText } from "../../events/derived-id.ts";
import { nameOf, openProperties, shortText, type Value, versionCodeOf } from "../flatten.ts";
import type { LogRecord, ResourceLogs } from "./logs.ts";
import { deriveRecordId } from "./record-id.ts";

type Attributes = Record<string, Value>;

/** A batch with what `IncomingBatch` has beyond the contract. */
type LogsBatch = TelemetryBatch & Pick<IncomingBatch, "timeless">;

/**
 * Maps log records to events; docs/otlp.md has the table. Up to 1000 records of a resource make one batch;
 * those without any time are in batches of their own.
 */
export function batchesOf(resources: readonly ResourceLogs[]): LogsBatch[] {
  const distinct = createDistinctIds();
  const sdk = sdkOf(resources[0]?.attributes ?? {});
  const batches: LogsBatch[] = [];
  for (const { attributes, scopes } of resources) {
    const resource = mapResource(attributes, sdk);
    const open = { timed: [] as unknown[], timeless: [] as unknown[] };
    for (const { name, records } of scopes) {
      // This is done once, because the text may be as long as the body.
      const source = sourceOf(resource, name);
      const scope = shortText(name);
      for (const { record, message } of records) {
        const timeless = timeOfRecord(record) === undefined;
        const kind = timeless ? "timeless" : "timed";
        const events = open[kind];
        if (events.length === 0) {
          batches.push({ batch_id: "", ...resource.envelope, ...(timeless ? { timeless } : {}), events });
        }
        const uid = record.attributes["log.record.uid"];
        const isNamed = typeof uid === "string" && uid !== "";
        const event_id = isNamed ? idOf(uid) : distinct(recordId(source, record, message));
        events.push(eventOf(record, { event_id, scope, resource }));
        if (events.length === telemetryLimits.eventsPerBatchMax) open[kind] = [];
      }
    }
  }
  return withBatchId(batches);
}

/** The part of a resource that holds for all its records. */
export interface MappedResource {
  attributes: Attributes;
  /** The properties that every event gets from it. */
  shared: Attributes;
  /** An id that is derived from its attributes. */
  id: string;
  envelope: Pick<TelemetryBatch, "context" | "sdk" | "package_id">;
}

export function mapResource(attributes: Attributes, sdk: TelemetryBatch["sdk"]): MappedResource {
  const package_id = attributes["mosis.package_id"];
  return {
    attributes,
    shared: sharedOf(attributes),
    id: derivedId(JSON.stringify(attributes)),
    envelope: {
      context: contextOf(attributes),
      ...(sdk ? { sdk } : {}),
      ...(typeof package_id === "string" ? { package_id } : {}),
    },
  };
}

/**
 * Returns the id of the place where records come from, which is a part of their own id.
 * @param scope its whole name.
 */
export function sourceOf({ id }: MappedResource, scope: string): string {
  return derivedId(`${id}\n${scope}`);
}

function recordId(source: string, record: LogRecord, message: Uint8Array | null): string {
  if (message === null) return derivedId(`${source}\n${JSON.stringify(record)}`);
  const words = new Uint32Array(8);
  parseUuidText(source, words, 4);
  deriveRecordId({ bytes: message, start: 0, end: message.length }, words.subarray(4), words, 0);
  return uuidText(words, 0);
}

/**
 * Returns one id for all of a request, from the ids of its events: a request that is sent again is the same
 * batch.
 */
function withBatchId(batches: LogsBatch[]): LogsBatch[] {
  const ids = batches.flatMap(({ events }) =>
    events.map((event) => (event as { event_id: string }).event_id),
  );
  const batch_id = derivedId(ids.join());
  for (const batch of batches) batch.batch_id = batch_id;
  return batches;
}

interface RecordOrigin {
  event_id: string;
  /** The name of its scope, as a property; undefined without one. */
  scope: string | undefined;
  resource: MappedResource;
}

/** The name of a record without one. */
export const unnamed = "log";

export function eventOf(record: LogRecord, { event_id, scope, resource }: RecordOrigin): object {
  const { body } = record;
  const { shared, attributes } = resource;
  const given = record.eventName || textOf(record.attributes["event.name"]);
  // The name never comes from the text of a log: each line would be a name of its own.
  const name = nameOf(given) ?? unnamed;
  const properties = openProperties(record.droppedAttributes);
  properties.addAll(shared);
  properties.add("otel.scope.name", scope);
  properties.add("severity_number", record.severity === 0 ? undefined : record.severity);
  // In protobuf a missing text is an empty one.
  properties.add("severity_text", record.severityText || undefined);
  properties.add("trace_id", record.traceId || undefined);
  properties.add("span_id", record.spanId || undefined);
  // These come before the attributes, which may take all the room.
  properties.add("body", body);
  const rest = { ...record.attributes };
  for (const key of mappedKeys) if (textOf(rest[key]) !== "") delete rest[key];
  // A name that does not fit is kept beside its changed form.
  if (given !== name) properties.add("event.name", given || undefined);
  if (body !== null && "body" in rest) {
    delete rest["body"];
    properties.lose(1);
  }
  properties.addAll(rest);
  const session = textOf(record.attributes["session.id"]) || textOf(attributes["session.id"]);
  const time = timeOfRecord(record);
  return {
    event_id,
    name,
    kind: kindOf(name, record.severity, isException(record)),
    ...(time === undefined ? {} : { time }),
    ...(session ? { session_id: idOf(session) } : {}),
    properties: properties.done(),
  };
}

/** Attributes that become a field of the event when they are text. */
const mappedKeys = ["event.name", "session.id", "log.record.uid"];

const crashNames = new Set(["app.crash", "device.crash"]);
const perfNames = new Set(["app.jank", "browser.web_vital"]);
/** SEVERITY_NUMBER_ERROR and SEVERITY_NUMBER_FATAL of the data model. */
const errorFrom = 17;
const fatalFrom = 21;
const severityMax = 24;

export function kindOf(name: string, severity: number, isException: boolean): EventKind {
  // A number beyond the data model means nothing.
  const level = severity <= severityMax ? severity : 0;
  if (crashNames.has(name) || level >= fatalFrom) return "crash";
  if (level >= errorFrom || isException) return "error";
  return perfNames.has(name) ? "perf" : "event";
}

function isException({ attributes }: LogRecord): boolean {
  return exceptionKeys.some((key) => key in attributes);
}

/** Attributes that only a failure has. */
export const exceptionKeys = ["exception.type", "exception.message"];

/** Returns undefined for a record without any time, which is optional by the data model. */
function timeOfRecord({ time, observedTime }: LogRecord): number | undefined {
  return millisecondsOf(time) ?? millisecondsOf(observedTime);
}

/** Returns nanoseconds as whole milliseconds, which is how times are stored; undefined when unknown. */
function millisecondsOf(nanoseconds: string): number | undefined {
  if (nanoseconds === "0") return undefined;
  return Number(nanoseconds.slice(0, -6) || "0");
}

/**
 * Attributes of a resource that are stored with each of its events: few and short, because a request may have
 * many events.
 */
export const sharedKeys = [
  "service.name",
  "service.namespace",
  "service.version",
  "deployment.environment.name",
];

function sharedOf(attributes: Attributes): Attributes {
  return Object.fromEntries(
    sharedKeys.flatMap((key) => {
      const text = shortText(attributes[key]);
      return text === undefined ? [] : [[key, text]];
    }),
  );
}

function contextOf(attributes: Attributes): BatchContext {
  const install = textOf(attributes["app.installation.id"]) || textOf(attributes["service.instance.id"]);
  const versionCode =
    versionCodeOf(attributes["app.build_id"]) ?? versionCodeOf(attributes["service.version"]);
  const texts = {
    os: shortText(textOf(attributes["os.name"]) || textOf(attributes["os.type"]))?.toLowerCase(),
    os_version: shortText(attributes["os.version"]),
    device_model: shortText(attributes["device.model.identifier"] ?? attributes["device.model.name"]),
    locale: shortText(attributes["browser.language"]),
    country: shortText(attributes["geo.country.iso_code"]),
    network: shortText(attributes["network.connection.type"]),
    mosis_version: shortText(attributes["mosis.version"]),
  };
  const context: BatchContext = {};
  if (install) context.install_id = idOf(install);
  if (versionCode !== undefined) context.version_code = versionCode;
  for (const [key, text] of Object.entries(texts)) {
    if (text !== undefined) context[key as keyof typeof texts] = text;
  }
  return context;
}

/**
 * Returns the SDK of the first resource: a request has one sender; devices behind a Collector differ in their
 * context.
 */
export function sdkOf(attributes: Attributes): TelemetryBatch["sdk"] {
  const name = textOf(attributes["telemetry.sdk.name"]);
  if (!name) return undefined;
  const language = textOf(attributes["telemetry.sdk.language"]);
  return {
    name: shortText(language ? `${name}-${language}` : name) ?? "",
    version: shortText(attributes["telemetry.sdk.version"]) ?? "",
  };
}

export function textOf(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}
