// Requests for fast-check as apps, their bugs and their enemies send them: bytes, codings, headers, framing.
import fc from "fast-check";
import { batchOfEvents, written } from "./generated-batches.ts";
import { junk, text } from "./generated-events.ts";
import { coding, type Mutation, mutated, mutation, plain } from "./hostile-bytes.ts";

export interface HostileRequest {
  /** Beside Host and Authorization; several may have one name. */
  headers: [name: string, value: string][];
  body: Buffer;
  /** How the end of the body is told; `length` and `chunked` do it right. */
  framing: "length" | "chunked" | "missing" | "short" | "long" | "both" | "not a number" | "broken chunk";
}

interface Content {
  isLines: boolean;
  headers: [string, string][];
  bytes: Buffer;
}

/** Anything that a client may send around a moment. Half of it is whole and right. */
export function hostileRequest(nowMs: number): fc.Arbitrary<HostileRequest> {
  return fc
    .record({
      content: content(nowMs),
      mutations: fc.oneof(
        { weight: 3, arbitrary: fc.constant<Mutation[]>([]) },
        { weight: 2, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 3 }) },
      ),
      coding: fc.oneof({ weight: 3, arbitrary: fc.constant(plain) }, { weight: 2, arbitrary: coding }),
      type: contentType,
      odd: fc.oneof(
        { weight: 5, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(oddHeader, { minLength: 1, maxLength: 3 }) },
      ),
      framing: framing,
    })
    .map(({ content, mutations, coding, type, odd, framing }) => {
      const bytes = mutations.reduce(mutated, content.bytes);
      const packed = coding.after.reduce(mutated, coding.pack(bytes));
      const contentType = type ?? (content.isLines ? "application/x-ndjson" : "application/json");
      const headers: [string, string][] = [["Content-Type", contentType], ...content.headers, ...odd];
      if (coding.name !== null) headers.push(["Content-Encoding", coding.name]);
      return { headers, body: packed, framing };
    });
}

function content(nowMs: number): fc.Arbitrary<Content> {
  const batch = batchOfEvents(nowMs, 4);
  const json = batch.map((it) => asContent(written(it)));
  const lines = fc
    .tuple(batch, fc.constantFrom("\n", "\r\n", "\n\n \t\n"), fc.boolean())
    .map(([it, end, isOdd]) => {
      const { events, ...fields } = it;
      const rows = events.map(written);
      if (isOdd) rows.splice(rows.length >> 1, 0, '{"event_id": ', "null", "  ");
      return {
        ...asContent(rows.join(end)),
        isLines: true,
        headers: Object.entries(fields).flatMap(asHeader),
      };
    });
  return fc.oneof(
    { weight: 6, arbitrary: json },
    { weight: 4, arbitrary: lines },
    { weight: 2, arbitrary: fc.tuple(json, fc.constantFrom(...encodings)).map(([it, encode]) => encode(it)) },
    { weight: 1, arbitrary: oddJson.map(asContent) },
    {
      weight: 1,
      arbitrary: fc
        .uint8Array({ maxLength: 200 })
        .map((it) => ({ ...asContent(""), bytes: Buffer.from(it) })),
    },
  );
}

function asContent(text: string): Content {
  return { isLines: false, headers: [], bytes: Buffer.from(text) };
}

const headerNames: Record<string, string> = {
  batch_id: "Mosis-Batch-Id",
  sent_at: "Mosis-Sent-At",
  sdk: "Mosis-Sdk",
  context: "Mosis-Context",
  discarded: "Mosis-Discarded",
};

function asHeader([field, value]: [string, unknown]): [string, string][] {
  const name = headerNames[field];
  if (name === undefined) return [];
  if (typeof value === "string" || typeof value === "number") return [[name, `${value}`]];
  const ascii = written(value).replaceAll(
    /[^\u0020-\u007e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return [[name, ascii]];
}

/** What is not UTF-8, or not quite. */
const encodings: ((content: Content) => Content)[] = [
  ({ bytes, ...rest }) => ({ ...rest, bytes: Buffer.from(bytes.toString(), "utf16le") }),
  ({ bytes, ...rest }) => ({ ...rest, bytes: Buffer.from(`\ufeff${bytes.toString()}`, "utf16le").swap16() }),
  ({ bytes, ...rest }) => ({ ...rest, bytes: Buffer.from(`\ufeff${bytes.toString()}`) }),
  ({ bytes, ...rest }) => ({ ...rest, bytes: Buffer.from(bytes.toString().replaceAll("e", "é"), "latin1") }),
  ({ bytes, ...rest }) => ({ ...rest, bytes: Buffer.from(bytes.toString().replaceAll("a", "\\ud83d")) }),
  ({ bytes, ...rest }) => ({ ...rest, bytes: Buffer.concat([bytes, Buffer.from([0xed, 0xa0, 0x80])]) }),
];

const id = "01937a00-0000-7000-8000-000000000000";
const oddJson = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc.integer({ min: 1, max: 30_000 }).map((depth) => "[".repeat(depth)),
  fc.integer({ min: 1, max: 3000 }).map((depth) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`),
  fc
    .integer({ min: 1, max: 3000 })
    .map((n) => `{"batch_id":"${id}","events":[${"[".repeat(n)}${"]".repeat(n)}]}`),
  fc.integer({ min: 990, max: 1010 }).map((n) => written({ batch_id: id, events: Array(n).fill(1) })),
  junk.map(
    (it) => `{"batch_id":"${id}","events":[],"events":${written(it) ?? "[]"},"__proto__":${written(it)}}`,
  ),
  junk.map(
    (it) => `{"batch_id":"${id}","constructor":{"prototype":{}},"context":${written(it)},"events":[{}]}`,
  ),
  fc.constantFrom(
    "",
    " ",
    "null",
    "{}",
    "[]",
    '"',
    "{",
    "nul",
    "truX",
    "-",
    "1e",
    `{"batch_id":"${id}","events":[1,]}`,
  ),
);

/** Undefined: the one that the body has. */
const contentType = fc.oneof(
  { weight: 12, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "application/json; charset=utf-8",
      'application/json;charset="UTF-8"',
      "APPLICATION/JSON",
      "application/x-ndjson",
      "application/json; charset=utf-16",
      "application/json;charset=latin1",
      "text/plain",
      "",
      "application/jsonx",
      "*/*",
      "application/x-ndjson; charset=utf-16le",
      "multipart/form-data; boundary=x",
      "application/json, text/plain",
    ),
  },
);

/** As Latin-1, with what HTTP forbids in a header now and then. */
const headerText = fc.oneof(
  { weight: 4, arbitrary: text(40) },
  { weight: 2, arbitrary: junk.map((it) => written(it)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      "\u0000",
      "\u0001",
      "ü",
      "a\tb",
      "x".repeat(20_000),
      "1,1",
      "{",
      "\r\nX: y",
    ),
  },
);
const oddHeader = fc.oneof(
  fc.tuple(
    fc.constantFrom(...Object.values(headerNames), "Mosis-Package-Id", "Content-Type", "X-Request-Id"),
    headerText,
  ),
  fc.tuple(
    fc.constantFrom("Authorization", "Host", "Accept", "Connection", "Upgrade", "Expect", "Trailer"),
    headerText,
  ),
  fc.constantFrom<[string, string]>(
    ["Expect", "100-continue"],
    ["Expect", "200-ok"],
    ["Connection", "close"],
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Transfer-Encoding", "gzip"],
    ["", "no name"],
    ["a b", "a space in a name"],
  ),
);

const framing: fc.Arbitrary<HostileRequest["framing"]> = fc.oneof(
  { weight: 12, arbitrary: fc.constant("length") },
  { weight: 3, arbitrary: fc.constant("chunked") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("missing", "short", "long", "both", "not a number", "broken chunk"),
  },
);
