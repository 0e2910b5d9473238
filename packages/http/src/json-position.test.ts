import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { malformedJsonDetail } from "./json-position.ts";

test("a fault of every kind is told with its place", () => {
  for (const [text, line, column] of [
    ['{"a":1,}', 1, 8],
    ['{"a" 1}', 1, 6],
    ["[1 2]", 1, 4],
    ["[NaN]", 1, 2],
    ['{"a": nope}', 1, 7],
    ['{"a":\n [1, ]}', 2, 6],
    ['{"a":}', 1, 6],
    ["[,1]", 1, 2],
    ['["\\\\", "\\"]", }', 1, 15],
    ["\ufeff{}", 1, 1],
    ["1 x", 1, 3],
    ['["a\n"]', 1, 4],
    [String.raw`["\x"]`, 1, 4],
  ] as const) {
    assert.equal(detailOf(text), `The body is not valid JSON at line ${line}, column ${column}.`, text);
  }
});

test("a body that ends too early is told so", () => {
  for (const text of ["[", '{"a"', "tru", '"a', "[1,2", "-"]) {
    assert.match(detailOf(text), /where the body ends\.$/, text);
  }
  for (const text of ["", " \n"]) assert.equal(detailOf(text), "The body is empty.");
});

test("the place is in the body, whatever is in it, and nothing of the body is told", () => {
  const broken = fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.constantFrom("", "x", ",", "]", "}", ":", '"', "\\", "X at position 1 (line 9 column 9)"),
    )
    .map(([json, at, insert]) => {
      const index = at % (json.length + 1);
      return json.slice(0, index) + insert + json.slice(index + 1);
    });
  fc.assert(
    fc.property(broken, (text) => {
      const detail = detailOf(text);
      if (detail === "" || detail === "The body is empty.") return;
      const place = /^The body is not valid JSON at line (\d+), column (\d+)(, where the body ends)?\.$/.exec(
        detail,
      );
      assert.ok(place, detail);
      const lines = text.split("\n");
      const line = lines[Number(place[1]) - 1];
      assert.ok(line !== undefined && Number(place[2]) <= line.length + 1, `${detail}: ${text}`);
    }),
    { numRuns: 2000 },
  );
});

/** Returns an empty string when the text is JSON. */
function detailOf(text: string): string {
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return malformedJsonDetail(text, error);
  }
}
