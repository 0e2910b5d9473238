import assert from "node:assert/strict";
import { test } from "node:test";
import { growthOf } from "./linear-regex.ts";

test("nested, adjacent and unanchored repetitions are found, and what a match cannot repeat passes", () => {
  const growths: Record<string, string[]> = {
    exponential: [
      String.raw`^(\w+\s?)*$`,
      String.raw`(\s+)*x`,
      "^(a|a)*$",
      "^(a+)+$",
      String.raw`^(\d+,?)+$`,
    ],
    polynomial: [
      String.raw`^\s*-----BEGIN-----\s+([A-Za-z\s]+?)\s+-----END-----\s*$`,
      String.raw`^\s*\s*x`,
      "^.*.*x$",
      String.raw`\s+$`,
      "/+$",
      String.raw`^\d{1,500}\d{1,500}x`,
    ],
    linear: [
      "^[a-z]+$",
      String.raw`^Bearer +([\w.~+/-]{1,512}=*)$`,
      String.raw`^(?!0000)\d{4}-\d\d$`,
      "[*+]",
    ],
    unknown: [String.raw`^(\w+)\1$`, String.raw`x(?!\s*y)\w*`],
  };
  for (const [growth, sources] of Object.entries(growths)) {
    for (const source of sources) assert.equal(growthOf(source, "u"), growth, source);
  }
});
