// Events for fast-check: what the contract allows with its edges, and those with a fault.
import fc from "fast-check";

type Fields = Record<string, unknown>;

/** Escapes, marks that join, high planes, halves of surrogate pairs, names of every object, the longest. */
const oddTexts = [
  "",
  "0",
  "-1",
  "1e3",
  "é",
  "e\u0301",
  "a\u0300".repeat(50),
  "👩‍🚀",
  "👩‍🚀".repeat(20),
  "😀".repeat(64),
  "\ud800",
  "\udc00x",
  "x\ud83d",
  '"\\/\b\f',
  "~0~1/",
  "\u2028\u2029\ufeff",
  "\u202eabc",
  "𝒳".repeat(100),
  "ß".repeat(100),
  "x".repeat(63),
  "x".repeat(64),
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "NULL",
  "'; drop table events_raw; --",
];

/** fast-check's own unit "binary" makes a table of a million entries each time it is asked for, 100 ms. */
const codePoint = fc
  .oneof(fc.integer({ min: 0x20, max: 0x7_ff }), fc.integer({ min: 0x20, max: 0x10_ff_ff }))
  .filter((it) => it < 0xd8_00 || it > 0xdf_ff)
  .map((it) => String.fromCodePoint(it));

/** Up to so many code points, without control characters. */
export function text(charactersMax: number, charactersMin = 0): fc.Arbitrary<string> {
  const isFit = (it: string) => {
    const length = Array.from(it).length;
    return (
      length >= charactersMin &&
      length <= charactersMax &&
      Array.from(it).every((c) => c >= " " && c !== "\u007f")
    );
  };
  const free = fc.string({ unit: codePoint, minLength: charactersMin, maxLength: charactersMax });
  const plain = fc.string({ unit: "grapheme-ascii", minLength: charactersMin, maxLength: 12 });
  return fc.oneof(
    { weight: 3, arbitrary: plain.filter(isFit) },
    { weight: 1, arbitrary: free.filter(isFit) },
    { weight: 2, arbitrary: fc.constantFrom(...oddTexts).filter(isFit) },
    { weight: 1, arbitrary: fc.constant("m".repeat(charactersMax)) },
  );
}

// Shrinking would give all events one id, and a counterexample that is about that.
export const uuid = fc.noShrink(
  fc
    .tuple(fc.uuid({ version: [1, 4, 7] }), fc.boolean())
    .map(([id, isUpper]) => (isUpper ? id.toUpperCase() : id)),
);

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(
    0,
    -0,
    1,
    -1,
    0.1,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    2 ** 53 + 2,
    -(2 ** 53),
    2 ** 63,
    2 ** 64,
    1e21,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    Number.MIN_VALUE,
    -Number.MIN_VALUE,
    Number.EPSILON,
  ),
);

/** Some longer than is kept, with a character of two units where they are cut. */
const longText = fc
  .tuple(fc.integer({ min: 1018, max: 1030 }), fc.constantFrom("x", "😀", "ü", "\ud800", "e\u0301"))
  .map(([length, last]) => "y".repeat(length) + last.repeat(3));
const value = fc.oneof(
  { weight: 4, arbitrary: text(200) },
  { weight: 4, arbitrary: number },
  { weight: 2, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.oneof(longText, fc.constant("😀".repeat(1024)), fc.constant("\u0000\n\u007f")) },
);

const properties = fc.oneof(
  { weight: 8, arbitrary: fc.array(fc.tuple(text(64, 1), value), { maxLength: 6 }).map(asObject) },
  {
    weight: 1,
    arbitrary: fc
      .array(value, { minLength: 64, maxLength: 64 })
      .map((values) => asObject(values.map((it, i) => [`k${i}`, it]))),
  },
);

/** With own keys whatever they are called, as `JSON.parse` makes them. */
function asObject(entries: [string, unknown][]): Fields {
  const result: Fields = {};
  for (const [key, value] of entries) {
    Object.defineProperty(result, key, { value, enumerable: true, writable: true, configurable: true });
  }
  return result;
}

const minuteMs = 60_000;
export const dayMs = 86_400_000;

/** A time so many milliseconds around a moment, in every form of the contract. */
export function timeAt(aroundMs: number, fromMs: number, toMs: number): fc.Arbitrary<string | number> {
  const ms = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: Math.max(fromMs, -minuteMs), max: Math.min(toMs, minuteMs) }) },
    { weight: 3, arbitrary: fc.integer({ min: fromMs, max: toMs }) },
    { weight: 1, arbitrary: fc.constantFrom(fromMs, toMs) },
  );
  const form = fc.constantFrom("ms", "fraction", "z", "micro", "offset", "seconds", "lower", "leap");
  const offset = fc.integer({ min: -14 * 60, max: 14 * 60 });
  return fc.tuple(ms, form, offset).map(([delta, how, minutes]) => {
    const at = aroundMs + delta;
    const iso = new Date(at).toISOString();
    if (how === "ms") return at;
    if (how === "fraction") return at + 0.75;
    if (how === "micro") return `${iso.slice(0, -1)}999999Z`;
    if (how === "seconds") return `${iso.slice(0, 19)}Z`;
    if (how === "lower") return iso.toLowerCase();
    if (how === "leap") return `${iso.slice(0, 17)}60${iso.slice(19)}`;
    if (how === "z") return iso.replace("T", " ");
    const clock = (part: number) => String(part).padStart(2, "0");
    const off = Math.abs(minutes);
    const zone = `${minutes < 0 ? "-" : "+"}${clock(Math.floor(off / 60))}:${clock(off % 60)}`;
    return `${new Date(at + minutes * minuteMs).toISOString().slice(0, -1)}${zone}`;
  });
}

/** An event the contract takes, around the moment of its client's clock. */
export function goodEvent(clockMs: number): fc.Arbitrary<Fields> {
  return fc.record(
    {
      event_id: uuid,
      name: text(100, 1),
      time: timeAt(clockMs, -29 * dayMs, 22 * 60 * minuteMs),
      kind: fc.constantFrom("event", "screen", "perf", "error", "crash"),
      session_id: fc.oneof(uuid, fc.constant("AAAAAAAA-0000-4000-8000-00000000000a")),
      duration_ms: fc.oneof(
        fc.integer({ min: 0, max: 4_294_967_295 }),
        fc.constantFrom(-0, 0.5, 1.49, 4294967295),
      ),
      properties,
    },
    { requiredKeys: ["event_id", "name", "time"] },
  );
}

/** What is put in the place of a field, or beside the fields. */
export const junk = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    "",
    [],
    {},
    [[]],
    0,
    -1,
    1e308,
    Infinity,
    -Infinity,
    "x".repeat(101),
    "x".repeat(2000),
  ),
  fc.constantFrom<unknown>(
    "\u0000",
    "a\nb",
    "😀".repeat(101),
    { a: { b: 1 } },
    ["a"],
    1.5,
    4294967296,
    "now",
  ),
  fc.constantFrom<unknown>(
    "0000-01-01T00:00:00Z",
    "1899-12-31T23:59:59Z",
    "2026-02-30T00:00:00Z",
    1e18,
    -1e18,
  ),
  fc.jsonValue({ maxDepth: 3 }),
);
const fieldName = fc.constantFrom(
  "event_id",
  "name",
  "time",
  "kind",
  "session_id",
  "duration_ms",
  "properties",
  "unknown",
  "__proto__",
  "constructor",
  "toString",
  "a/b~c",
  "",
);
const badProperties = fc.oneof(
  junk,
  fc.tuple(text(64, 1), junk).map(([key, it]) => asObject([[key, it]])),
  fc.constant(asObject(Array.from({ length: 65 }, (_, i) => [`k${i}`, i]))),
  fc.constant(asObject(Array.from({ length: 40 }, (_, i) => [`k${i}`, "x".repeat(900)]))),
  fc.constant({ ["k".repeat(65)]: 1 }),
);

/** An event that may have any fault, or by chance none. */
export function oddEvent(clockMs: number): fc.Arbitrary<unknown> {
  const good = goodEvent(clockMs);
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .tuple(good, fieldName, junk)
        .map(([it, name, to]) => asObject([...Object.entries(it), [name, to]])),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(good, fieldName)
        .map(([it, name]) => asObject(Object.entries(it).filter(([key]) => key !== name))),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(good, badProperties).map(([it, properties]) => ({ ...it, properties })),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(good, timeAt(clockMs, -70 * dayMs, 3 * dayMs))
        .map(([it, time]) => ({ ...it, time })),
    },
    { weight: 1, arbitrary: junk },
  );
}
