import assert from "node:assert/strict";
import { test } from "node:test";
import { telemetryLimits } from "@mosis/types/telemetry";
import fc from "fast-check";
import { fitTraces, isStackTrace } from "./stack-traces.ts";

test("traces are told by the last part of their key", () => {
  for (const key of ["exception.stacktrace", "stack", "error.stack", "stack_trace"])
    assert.ok(isStackTrace(key));
  for (const key of ["stacks", "stacktrace.length", "haystack", "message"])
    assert.ok(!isStackTrace(key), key);
});

test("whatever traces are made of, they fit into their event with both ends", () => {
  const unit = fc.constantFrom("a", "é", "“", "😀", '"', "\\", "\n", "\u0001", "\ud800");
  const trace = fc.tuple(fc.array(unit, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 20_000 }));
  fc.assert(
    fc.property(fc.array(trace, { minLength: 1, maxLength: 3 }), (parts) => {
      const sent = Object.fromEntries(
        parts.map(([units, times], n) => [`${n}.stack`, units.join("").repeat(times)]),
      );
      const kept: Record<string, string> = { ...sent };
      fitTraces(kept, Object.keys(sent));
      assert.ok(Buffer.byteLength(JSON.stringify(kept)) <= telemetryLimits.eventBytesMax);
      for (const [key, text] of Object.entries(sent)) {
        const [head = "", tail] = (kept[key] ?? "").split(/\n… \d+ characters left out …\n/);
        assert.ok(text.startsWith(head) && (tail === undefined ? head === text : text.endsWith(tail)));
        assert.ok(!/[\ud800-\udbff]$/.test(head) || /\ud800/.test(text));
      }
    }),
    { numRuns: 200 },
  );
});
