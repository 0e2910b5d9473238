import type { BatchContext, EventKind, TelemetryBatch } from "@mosis/types/telemetry";
import { timeOf } from "../../events/clock.ts";
import type { IncomingBatch } from "../../events/delivery.ts";
import { createDistinctIds, derivedId, idOf } from "../../events/derived-id.ts";
import { nameOf, openProperties, shortText, type Value, versionCodeOf } from "../flatten.ts";
import { isPersonal } from "../private-fields.ts";
import { type Fields, fieldsOf, isFields, type Message, type Request, textOf } from "./messages.ts";

/** A batch with the fields that `IncomingBatch` has beyond the contract. */
type SegmentBatch = TelemetryBatch & Pick<IncomingBatch, "timeless">;

/** Maps calls to events; docs/segment.md has the table. All calls with the same context make one batch. */
export function batchesOf({ messages, sentAt }: Request): SegmentBatch[] {
  const distinct = createDistinctIds();
  const sent = sentAtOf(sentAt);
  const sdk = sdkOf(messages[0]);
  const shared = { batch_id: "", ...(sdk ? { sdk } : {}) };
  const batches = new Map<string, SegmentBatch>();
  const ids: string[] = [];
  for (const message of messages) {
    const context = contextOf(message);
    const package_id = packageIdOf(message);
    const key = JSON.stringify([package_id, context]);
    // Some SDKs write the time of sending into each call. It is not part of the call: it differs when the
    // call is sent again.
    const timeless = message.fields !== undefined && timeOfCall(message.fields) === undefined;
    const sent_at = timeless ? undefined : (sent ?? sentAtOf(message.fields?.["sentAt"]));
    const group = timeless ? `timeless ${key}` : sent_at === undefined ? key : `${sent_at} ${key}`;
    let batch = batches.get(group);
    if (!batch) {
      batch = {
        ...shared,
        ...(sent_at === undefined ? {} : { sent_at }),
        ...(timeless ? { timeless } : {}),
        ...(package_id === undefined ? {} : { package_id }),
        context,
        events: [],
      };
      batches.set(group, batch);
    }
    if (!message.fields) {
      batch.events.push(message.other);
      continue;
    }
    const event = eventOf(message.type, message.fields, message.context);
    const own = textOf(message.fields["messageId"]);
    const event_id = own === undefined ? distinct(derivedId(`${key}${JSON.stringify(event)}`)) : idOf(own);
    ids.push(event_id);
    batch.events.push({ event_id, ...event });
  }
  // The id is not derived from the bytes: `sentAt` differs when a request is sent again.
  const batch_id = derivedId(ids.join());
  for (const batch of batches.values()) batch.batch_id = batch_id;
  return [...batches.values()];
}

/** Returns undefined for a value that is not a time: a call is not refused for that. */
function sentAtOf(value: Value | undefined): string | undefined {
  const text = withOffset(value);
  return typeof text === "string" && !Number.isNaN(timeOf(text)) ? text : undefined;
}

/** ISO 8601 allows the offsets `-0800` and `-08`, RFC 3339 only `-08:00`. */
function withOffset(value: Value | undefined): Value | undefined {
  if (typeof value !== "string") return value;
  const [, time, minutes = "00"] = shortOffset.exec(value) ?? [];
  return time === undefined ? value : `${time}:${minutes}`;
}

const shortOffset = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?[+-]\d\d)(\d\d)?$/i;

/** A text that is too long for a package id names no app, however it is cut. */
function packageIdOf({ context }: Message): string | undefined {
  return textOf(fieldsOf(context["app"])["namespace"])?.slice(0, 300);
}

function eventOf(type: string, fields: Fields, context: Fields): object {
  const name = callName(type, fields);
  const time = timeOfCall(fields);
  const session = textOf(context["sessionId"]);
  return {
    ...(name === undefined ? {} : { name }),
    kind: kindOf(type, name),
    ...(time === undefined ? {} : { time }),
    ...(session === undefined ? {} : { session_id: idOf(session) }),
    properties: propertiesOf(type, name, fields, context),
  };
}

/** Returns undefined for a call without a time, which is optional by Segment's specification. */
function timeOfCall({ timestamp, originalTimestamp }: Fields): Value | undefined {
  const time = [timestamp, originalTimestamp].find((it) => it !== undefined && it !== null && it !== "");
  return withOffset(time);
}

/** Returns undefined for a call that is none, or a track without a name: such a call is refused. */
function callName(type: string, fields: Fields): string | undefined {
  switch (type) {
    case "track":
      return nameOf(textOf(fields["event"]) ?? "");
    case "page":
    case "screen":
      return nameOf(textOf(fields["name"]) ?? textOf(fields["category"]) ?? type);
    case "identify":
    case "group":
    case "alias":
      return type;
    default:
      return undefined;
  }
}

/** The name that Segment's specification of mobile events gives to a crash. */
const crashName = "Application Crashed";

function kindOf(type: string, name: string | undefined): EventKind {
  if (type === "page" || type === "screen") return "screen";
  return type === "track" && name === crashName ? "crash" : "event";
}

function propertiesOf(type: string, name: string | undefined, fields: Fields, context: Fields): object {
  const properties = openProperties(lostIn(type, fields));
  properties.add("app.version", shortText(fieldsOf(context["app"])["version"]));
  if (type === "page" || type === "screen") properties.add("category", textOf(fields["category"]));
  if (type === "group") properties.add("group_id", textOf(fields["groupId"]));
  // A name that does not fit is kept beside its changed form.
  const given = type === "track" ? textOf(fields["event"]) : undefined;
  if (given !== name) properties.add("event", given);
  if (type === "identify" || type === "group") properties.addAll(fieldsOf(fields["traits"]), isPersonal);
  if (isFields(fields["properties"])) properties.addAll(withoutQueries(fields["properties"]));
  // A list or a text has no keys of its own.
  else properties.add("properties", fields["properties"]);
  return properties.done();
}

const textFields: Readonly<Record<string, readonly string[]>> = {
  page: ["name", "category"],
  screen: ["name", "category"],
  group: ["groupId"],
};

/** Returns how many fields of a call have a type with which they cannot be stored. */
function lostIn(type: string, fields: Fields): number {
  const texts = ["messageId", "anonymousId", "userId", ...(textFields[type] ?? [])];
  const lost = texts.filter((field) => (fields[field] ?? "") !== "" && textOf(fields[field]) === undefined);
  // Traits may identify a person by any name.
  const objects = type === "identify" || type === "group" ? ["context", "traits"] : ["context"];
  return lost.length + objects.filter((field) => !isFields(fields[field] ?? {})).length;
}

/** The queries of page addresses are removed, because they may hold anything. */
function withoutQueries(properties: Fields): Fields {
  const { url, referrer, search } = properties;
  if (url === undefined && referrer === undefined && search === undefined) return properties;
  const { search: _, ...rest } = properties;
  for (const key of ["url", "referrer"] as const) {
    const value = rest[key];
    if (typeof value === "string") rest[key] = value.split(/[?#]/, 1)[0] ?? "";
  }
  return rest;
}

function contextOf({ fields = {}, context }: Message): BatchContext {
  const os = fieldsOf(context["os"]);
  // A call without an install id of its own has that of its user; neither is stored unless it is a UUID.
  const install = textOf(fields["anonymousId"]) ?? textOf(fields["userId"]);
  const versionCode = versionCodeOf(fieldsOf(context["app"])["build"]);
  const country = textOf(fieldsOf(context["location"])["country"]);
  const texts = {
    os: shortText(os["name"])?.toLowerCase(),
    os_version: shortText(os["version"]),
    device_model: shortText(fieldsOf(context["device"])["model"]),
    locale: shortText(context["locale"]),
    country: country !== undefined && /^[A-Za-z]{2}$/.test(country) ? country.toUpperCase() : undefined,
    network: networkOf(fieldsOf(context["network"])),
  };
  const result: BatchContext = {};
  if (install !== undefined) result.install_id = idOf(install);
  if (versionCode !== undefined) result.version_code = versionCode;
  for (const [key, text] of Object.entries(texts)) {
    if (text !== undefined) result[key as keyof typeof texts] = text;
  }
  return result;
}

function networkOf({ wifi, cellular }: Fields): string | undefined {
  if (wifi === true) return "wifi";
  return cellular === true ? "cellular" : undefined;
}

/** Returns the SDK of the first call: a request has one sender. */
function sdkOf(message: Message | undefined): TelemetryBatch["sdk"] {
  const library = fieldsOf(message?.context["library"]);
  const name = shortText(library["name"]);
  return name === undefined ? undefined : { name, version: shortText(library["version"]) ?? "" };
}
