import assert from "node:assert/strict";
import { test } from "node:test";
import { eventCodes, TelemetryEvent } from "@mosis/types/telemetry";
import fc from "fast-check";
import { Compile } from "typebox/compile";
import { shapeFault } from "./shape-fault.ts";

const isEvent = Compile(TelemetryEvent);
const good = { event_id: "0190a3b4-c5d6-7e8f-9a0b-1c2d3e4f5061", name: "a", time: 1 };

test("lengths are counted in characters, not in UTF-16 units", () => {
  assert.equal(shapeFault({ ...good, name: "🌲".repeat(100) }), null);
  assert.equal(shapeFault({ ...good, name: "🌲".repeat(101) })?.code, "name_invalid");
  assert.equal(shapeFault({ ...good, properties: { ["🌲".repeat(64)]: 1 } }), null);
  assert.equal(shapeFault({ ...good, properties: { ["🌲".repeat(65)]: 1 } })?.code, "property_key_invalid");
});

// INVARIANT 9
test("a value is checked whatever its key is made of", () => {
  for (const key of ["\n", "a\r\n", "\u2028", "x\u2029y", "\u0000", " ", "^", "constructor"]) {
    assert.equal(shapeFault({ ...good, properties: { [key]: 1 } }), null);
    assert.equal(shapeFault({ ...good, properties: { [key]: [1] } })?.code, "property_value_invalid");
  }
});

// Events are let in by the compiled check alone; the reasons must not contradict it.
// INVARIANT 5
test("an event has a reason of the closed list exactly when the compiled check refuses it", () => {
  const field = fc.oneof(
    fc.constantFrom(good.event_id, good.event_id.toUpperCase(), "", "a", "screen", "2026-11-24T00:00:00Z"),
    fc.string({ unit: "binary", maxLength: 120 }),
    fc.double(),
    fc.jsonValue(),
  );
  const event = fc.oneof(
    fc.jsonValue(),
    fc
      .record(
        {
          event_id: field,
          name: field,
          kind: field,
          time: field,
          session_id: field,
          duration_ms: field,
          properties: fc.oneof(
            field,
            fc.dictionary(fc.string({ unit: "binary", maxLength: 80 }), field, { maxKeys: 70 }),
          ),
          extra: field,
        },
        { requiredKeys: [] },
      )
      .map((changes) => ({ ...good, ...changes })),
  );
  fc.assert(
    fc.property(event, (value) => {
      const fault = shapeFault(value);
      assert.equal(fault === null, isEvent.Check(value));
      if (fault) assert.ok(Object.hasOwn(eventCodes, fault.code));
      // The fallback would mean that a rule of the schema has no reason of its own.
      assert.ok(!(fault?.code === "type_invalid" && fault.pointer === "" && typeof value === "object"));
    }),
    { numRuns: 2000 },
  );
});
