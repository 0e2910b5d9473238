// Attributes and values of OTLP for fast-check, as clients write them and as nobody does.
import fc from "fast-check";
import { doubleBytes, joined, lengthDelimited, number } from "./wire-fields.ts";

export const texts = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      " ",
      "a",
      '"',
      "\\",
      "\n",
      "\u0000",
      "\u007f",
      "\u001f\b\f\r\t",
      "👩‍🚀",
      "é",
      "\ufeffx",
      "x\u3000",
      "INFO",
      "00112233-4455-6677-8899-AABBCCDDEEFF",
      "00112233-4455-6677-8899-aabbccddeef",
      "purchase",
      "app.crash",
      "device.crash",
      "app.jank",
      "browser.web_vital",
      "a  b",
      " a",
      "a ",
      "a\tb",
      "a".repeat(100),
      "a".repeat(101),
      "é".repeat(60),
      "é".repeat(100),
      "👩".repeat(51),
      "x".repeat(127),
      "x".repeat(128),
      "x".repeat(1025),
      "é".repeat(1025),
      "👩".repeat(1030),
    ),
  },
);
/** Of these there may be only few in a request, for it would be too large for what is tried here. */
export const longTexts = fc.constantFrom(
  "\u0001".repeat(5000),
  "x".repeat(16_384),
  "é".repeat(9000),
  '"'.repeat(16_000),
);

export const bytesOf = (text: string) => Buffer.from(text);
export const integers = fc.oneof(
  fc.integer().map(BigInt),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(
    0n,
    1n,
    -1n,
    127n,
    128n,
    2n ** 31n,
    2n ** 32n,
    2n ** 53n - 1n,
    2n ** 53n,
    -(2n ** 53n) + 1n,
  ),
  fc.constantFrom(-(2n ** 53n), 2n ** 62n, -(2n ** 31n), 2n ** 28n, 2n ** 35n),
);
const doubles = fc.oneof(
  fc.double(),
  fc.constantFrom(-0, 0, 3, -3, 1e21, 1e-7, 5e-324, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, 0.1),
);

const textValues = texts.map((text) => lengthDelimited(1, bytesOf(text)));
export const usualValues: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: textValues },
  { weight: 1, arbitrary: fc.boolean().map((value) => number(2, value ? 1n : 0n)) },
  { weight: 2, arbitrary: integers.map((value) => number(3, value)) },
  { weight: 2, arbitrary: doubles.map(doubleBytes) },
  { weight: 1, arbitrary: fc.constant(Buffer.alloc(0)) },
);

/** Values with what is nested in them, and what is written in ways that no client does. */
export const { value: oddValues } = fc.letrec<{ value: Buffer; pair: Buffer }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 4 },
    usualValues,
    fc.array(tie("value"), { maxLength: 3 }).map((items) => {
      return lengthDelimited(5, joined(items.map((item) => lengthDelimited(1, item))));
    }),
    fc.array(tie("pair"), { maxLength: 3 }).map((pairs) => {
      return lengthDelimited(6, joined(pairs.map((pair) => lengthDelimited(1, pair))));
    }),
    fc.uint8Array({ maxLength: 5 }).map((bytes) => lengthDelimited(7, bytes)),
    fc.tuple(usualValues, usualValues).map(joined),
    integers.chain((value) => fc.constantFrom(number(3, value, 1), number(2, value, 1), number(2, value))),
    texts.map((text) => lengthDelimited(1, bytesOf(text), 1)),
    fc.constant(lengthDelimited(9, Buffer.from("?"))),
    longTexts.map((text) => lengthDelimited(1, bytesOf(text))),
  ),
  pair: fc.tuple(fc.constantFrom("a", "b", "a.b", "0", "__proto__"), tie("value")).map(([key, value]) => {
    return joined([lengthDelimited(1, bytesOf(key)), lengthDelimited(2, value)]);
  }),
}));

export const brokenValues = fc.constantFrom(
  lengthDelimited(1, Buffer.from([0xff])),
  lengthDelimited(1, Buffer.from("\xc3", "latin1")),
  Buffer.from([8]),
  Buffer.from([0x0a, 5, 0x61]),
  Buffer.from([0x21, 1]),
  Buffer.from([0x18, 0x80]),
);

export const usualKeys = fc.constantFrom(
  "session.id",
  "event.name",
  "log.record.uid",
  "exception.type",
  "exception.message",
  "http.method",
  "a",
  "b",
  "a.b",
  "client.address",
  "code.stacktrace",
  "with space",
  "user.id",
  "count",
);
export const ownKeys = [
  "body",
  "severity_number",
  "severity_text",
  "trace_id",
  "span_id",
  "otel.scope.name",
  "service.name",
  "dropped_attributes_count",
  "service.version",
];
const oddKeys = fc.oneof(
  usualKeys,
  texts,
  fc.constantFrom(
    "exception.stacktrace",
    "stack",
    "__proto__",
    "constructor",
    "0",
    "7up",
    "-1",
    ...ownKeys,
    "k".repeat(64),
    "k".repeat(65),
    "é".repeat(32),
    "é".repeat(64),
    '"',
    "\\",
    "",
  ),
);

export function pairOf(key: string, value: Buffer): Buffer {
  return joined([lengthDelimited(1, bytesOf(key)), lengthDelimited(2, value)]);
}

const usualPairs = fc.tuple(usualKeys, usualValues).map(([key, value]) => pairOf(key, value));
export const oddPairs = fc.oneof(
  usualPairs,
  fc.tuple(oddKeys, oddValues).map(([key, value]) => pairOf(key, value)),
  oddKeys.map((key) => lengthDelimited(1, bytesOf(key))),
  oddValues.map((value) => lengthDelimited(2, value)),
  fc.tuple(oddKeys, oddKeys, oddValues).map(([key, other, value]) => {
    return joined([pairOf(key, value), lengthDelimited(1, bytesOf(other))]);
  }),
);
