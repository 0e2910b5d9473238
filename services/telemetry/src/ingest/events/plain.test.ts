import assert from "node:assert/strict";
import { test } from "node:test";
import { eventKinds, TelemetryEvent } from "@mosis/types/telemetry";
import fc from "fast-check";
import { Compile } from "typebox/compile";
import { isPlain } from "./plain.ts";

const schema = Compile(TelemetryEvent);

const odd = fc.oneof(
  fc.constantFrom(
    null,
    true,
    0,
    -1,
    Number.POSITIVE_INFINITY,
    "",
    " ",
    [],
    {},
    [1],
    "\u0000",
    "x".repeat(101),
    2 ** 32,
  ),
  fc.string({ unit: "binary", maxLength: 120 }),
  fc.double(),
);
const id = fc.uuid();
const brokenId = fc
  .tuple(id, fc.nat(36), fc.constantFrom("g", "-", "", "é", "Ā", "0", "A", "\u0130", "\ud800", "00"))
  .map(([text, at, put]) => text.slice(0, at) + put + text.slice(at + 1));
const key = fc.oneof(fc.string({ maxLength: 70 }), fc.constantFrom("", "__proto__", "é".repeat(64)));
const value = fc.oneof({ weight: 9, arbitrary: fc.oneof(fc.string(), fc.double(), fc.boolean()) }, odd);
const properties = fc.oneof(
  fc.dictionary(key, value, { maxKeys: 5 }),
  fc.nat(70).map((count) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]))),
  odd,
);
const near = fc.record(
  {
    event_id: fc.oneof({ weight: 5, arbitrary: id }, brokenId, odd),
    name: fc.oneof({ weight: 5, arbitrary: fc.string({ minLength: 1, maxLength: 100 }) }, odd),
    time: fc.oneof(fc.date({ noInvalidDate: true }).map(String), fc.double(), odd),
    kind: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...Object.keys(eventKinds)) }, odd),
    session_id: fc.oneof({ weight: 5, arbitrary: id }, brokenId, odd),
    duration_ms: fc.oneof(fc.double({ min: 0, max: 4_294_967_295 }), odd),
    properties,
    more: odd,
  },
  { requiredKeys: [] },
);

test("what is taken for plain has the shape of an event, whatever it is made of", () => {
  let plain = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: near }, odd), (made) => {
      // As it is when it comes out of a body: own fields, no undefined.
      const event: unknown = JSON.parse(JSON.stringify(made));
      if (!isPlain(event)) return;
      plain++;
      assert.ok(schema.Check(event), JSON.stringify(event));
    }),
    { numRuns: 20_000 },
  );
  assert.ok(plain > 100, `only ${plain} were plain`);
});

test("an event of plain values is taken for plain, so that its check is cheap", () => {
  const event = {
    event_id: "0198D3D2-0000-7000-8000-00000000000f",
    name: "level_complete",
    kind: "event",
    time: "2026-11-24T10:00:00Z",
    session_id: "0198d3d2-0000-7000-8000-000000000001",
    duration_ms: 12.5,
    properties: { level: "forest", score: -0.5, won: true, "👩‍🚀": "é" },
  };
  assert.ok(isPlain(event));
  const { event_id, name } = event;
  assert.ok(isPlain({ event_id, name, time: 1_764_000_000_000.5 }));
});

test("numbers that JSON turns into infinity are not plain", () => {
  const { event_id, name } = { event_id: "0198d3d2-0000-7000-8000-00000000000f", name: "a" };
  assert.ok(!isPlain(JSON.parse(`{"event_id":"${event_id}","name":"${name}","time":1e400}`)));
  assert.ok(
    !isPlain(JSON.parse(`{"event_id":"${event_id}","name":"${name}","time":1,"properties":{"a":1e400}}`)),
  );
});
