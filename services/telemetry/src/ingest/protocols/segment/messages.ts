import type { Value } from "../flatten.ts";

/** The calls of Segment's specification. */
export const callTypes = ["track", "identify", "page", "screen", "group", "alias"] as const;
export type CallType = (typeof callTypes)[number];

export type Fields = Record<string, Value>;

/** One call, as an SDK sends it. Nothing of it is checked yet. */
export interface Message {
  type: string;
  /** Undefined for what is no object: `other` is kept, to be refused like any event that is none. */
  fields?: Fields;
  other?: Value;
  context: Fields;
}

/** What a request says. */
export interface Request {
  writeKey: string | undefined;
  sentAt: Value | undefined;
  messages: Message[];
}

/**
 * @param body parsed, an object.
 * @param type of the path; null for a batch, whose calls say theirs.
 */
export function requestOf(body: Fields, type: CallType | null): Request {
  const { writeKey, sentAt } = body;
  const shared = fieldsOf(body["context"]);
  const list = type === null ? body["batch"] : [body];
  const messages = (Array.isArray(list) ? list : []).map((item): Message => {
    if (!isFields(item)) return { type: "", other: item, context: {} };
    const context = pick(fieldsOf(item["context"]), shared);
    return { type: type ?? textOf(item["type"]) ?? "", fields: item, context };
  });
  return { writeKey: textOf(writeKey), sentAt, messages };
}

/** What is used of a context. Its other fields are not copied: a million of them, for a thousand calls. */
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

/** The fields within a field; none when it is no object. */
export function fieldsOf(value: Value | undefined): Fields {
  return isFields(value) ? value : {};
}

/** Text that says something, numbers too: ids of users and sessions often are. */
export function textOf(value: Value | undefined): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}
