import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseExactJson } from "./exact-json.ts";

function written(text: string): string {
  const parsed = parseExactJson(text);
  assert.ok("value" in parsed, text);
  return JSON.stringify(parsed.value);
}

test("integers keep their digits, whatever stands around them", () => {
  for (const text of [
    "653247040368672769",
    "-9007199254740993",
    '{"a":653247040368672769,"b":[9007199254740993,{"c":-653247040368672769}]}',
    `{"text":"653247040368672769","same":653247040368672769,"escaped":"\\",653247040368672769"}`,
    `{"__proto__":{"a":653247040368672769}}`,
    `[${"9".repeat(400)}]`,
  ]) {
    assert.equal(written(text), text);
  }
  assert.equal(written('{"a" :\n 653247040368672769 }'), '{"a":653247040368672769}');
});

test("what is no integer beyond 2^53 is the number that JSON.parse makes of it", () => {
  for (const text of [
    '{"a":9007199254740991,"b":0.1234567890123456789,"c":1234567890123456.5,"d":[1e16]}',
    '{"a":653247040368672769.0,"b":6532470403686727690000e-4,"c":-0.0000000000000000001}',
  ]) {
    assert.equal(written(text), JSON.stringify(JSON.parse(text)));
  }
});

test("what is no JSON is none, and its place is told", () => {
  for (const text of [
    "{653247040368672769:1}",
    "[0653247040368672769]",
    '{"a":6532470403686727691.}',
    "[1",
  ]) {
    assert.ok("detail" in parseExactJson(text), text);
  }
});

test("depth and number cost no more than their size", () => {
  const deep = `${"[".repeat(20_000)}653247040368672769${"]".repeat(20_000)}`;
  assert.ok("value" in parseExactJson(deep));
});

test("every JSON is what it was", () => {
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string().map((it) => JSON.stringify(it)),
      fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
      fc.array(tie("value"), { maxLength: 4 }).map((items) => `[${items.join()}]`),
      fc
        .array(fc.tuple(fc.string(), tie("value")), { maxLength: 4 })
        .map(
          (entries) => `{${entries.map(([key, it], n) => `${JSON.stringify(`k${n}${key}`)}:${it}`).join()}}`,
        ),
    ),
  }));
  fc.assert(
    fc.property(value, (text) => assert.equal(written(text), text)),
    { numRuns: 2000 },
  );
});
