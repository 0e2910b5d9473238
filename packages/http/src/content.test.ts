import assert from "node:assert/strict";
import { test } from "node:test";
import { codingOf, mediaTypeOf } from "./content.ts";

test("a media type is read in any case, and only a charset that is not UTF-8 is in its way", () => {
  const types: [string, string | null][] = [
    ["", ""],
    ["application/json", "application/json"],
    [" Application/JSON ; Charset=UTF8", "application/json"],
    ['text/plain;charset="utf-8"', "text/plain"],
    ["application/json; charset = utf-8; x=y", "application/json"],
    ["application/json; charset=", null],
    ["application/json; charset=utf-16", null],
    ["application/json; charset=utf-8; charset=latin1", null],
  ];
  for (const [header, expected] of types) assert.equal(mediaTypeOf(header), expected, header);
});

test("a content coding is read in any case, and none is identity", () => {
  const codings: [string | undefined, string][] = [
    [undefined, "identity"],
    ["", "identity"],
    [" Identity ", "identity"],
    ["GZIP", "gzip"],
    ["X-Gzip", "gzip"],
    ["zstd", "zstd"],
    ["gzip, br", "gzip, br"],
    ["gzip,", "gzip"],
    ["identity, gzip", "gzip"],
    [", ,", "identity"],
  ];
  for (const [header, expected] of codings) assert.equal(codingOf(header), expected);
});
