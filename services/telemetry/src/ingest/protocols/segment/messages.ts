import { isWithin, type Value } from "../flatten.ts";
import { withoutPrivate } from "../private-fields.ts";

/** The calls of Segment's specification. */
export const callTypes = ["track", "identify", "page", "screen", "group", "alias"] as const;
export type CallType = (typeof callTypes)[number];

export type Fields = Record<string, Value>;

/** One call, as an SDK sends it. No field is checked yet. */
export interface Message {
  type: string;
  /** The fields of the call; undefined for a value that is no object: `other` has it, to be refused. */
  fields?: Fields;
  other?: Value;
  context: Fields;
}

/** The content of a request. */
export interface Request {
  writeKey: string | undefined;
  sentAt: Value | undefined;
  messages: Message[];
}

/**
 * Reads a request.
 * @param body parsed, an object.
 * @param type of the path; null for a batch, whose calls have their own.
 */
export function requestOf(body: Fields, type: CallType | null): Request {
  const { writeKey, sentAt } = body;
  const shared = fieldsOf(body["context"]);
  const list = type === null ? body["batch"] : [body];
  const messages = (Array.isArray(list) ? list : []).map((item): Message => {
    // It is kept as it came, but for what is never stored.
    if (!isFields(item)) return { type: "", other: otherOf(item), context: {} };
    const context = pick(fieldsOf(item["context"]), shared);
    return { type: type ?? textOf(item["type"]) ?? "", fields: item, context };
  });
  return { writeKey: textOf(writeKey), sentAt, messages };
}

/**
 * Deeper lists are not looked through, so nothing of them is kept.
 * @limit levels of what stands in the place of a Segment call, to be kept as it came
 */
const otherLevelsMax = 16;

function otherOf(item: Value): Value {
  return isWithin(item, otherLevelsMax) ? withoutPrivate(item, "") : null;
}

/**
 * Returns the used fields of a context. The others are not copied: there may be a million of them, for a
 * thousand calls.
 */
const contextFields = ["app", "device", "library", "locale", "location", "network", "os", "sessionId"];

function pick(own: Fields, shared: Fields): Fields {
  const context: Fields = {};
  for (const name of contextFields) {
    const value = own[name] ?? shared[name];
    if (value !== undefined) context[name] = value;
  }
  return context;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the fields within a field; none when it is not an object. */
export function fieldsOf(value: Value | undefined): Fields {
  return isFields(value) ? value : {};
}

/** Returns a text that is not empty; numbers count, because ids of users and sessions often are numbers. */
export function textOf(value: Value | undefined): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}
