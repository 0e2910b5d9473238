import assert from "node:assert/strict";
import { test } from "node:test";
import { eventKinds, TelemetryEvent } from "@mosis/types/telemetry";
import fc from "fast-check";
import { Compile } from "typebox/compile";
import { parseExactJson, withContractNumbers } from "../events/exact-json.ts";
import { scanBatch } from "./scan-batch.ts";
import { stageEvent } from "../events/stage.ts";
import { offsetOf, Staging } from "../events/staging.ts";

const schema = Compile(TelemetryEvent);
const runs = 5000;

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom(
    "",
    "a".repeat(1025),
    "é".repeat(1025),
    '"',
    "\\",
    "\n",
    "\u007f",
    "\ud800",
    "👩‍🚀",
    "1",
    "-1",
  ),
);
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(-0, 1e21, 1e-7, 2 ** 53, 2 ** 53 + 2, 0.1, 123_456_789.123_456_78, 5e-324),
);
const key = fc.oneof(
  text,
  fc.constantFrom("level", "score", "won", "__proto__", "constructor", "events", "0"),
);
const event = fc.record(
  {
    event_id: fc.uuid().chain((id) => fc.constantFrom(id, id.toUpperCase())),
    name: fc.oneof(fc.string({ minLength: 1, maxLength: 100 }), text),
    time: fc.oneof(
      fc.integer({ min: 0, max: 4e12 }),
      fc.double({ min: 0, max: 4e12, noNaN: true }),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      text,
    ),
    kind: fc.constantFrom(...Object.keys(eventKinds)),
    session_id: fc.uuid(),
    duration_ms: fc.double({ min: 0, max: 4_294_967_295, noNaN: true }),
    properties: fc.dictionary(key, fc.oneof(text, number, fc.boolean()), { maxKeys: 6 }),
  },
  { requiredKeys: ["event_id", "name", "time"] },
);
const batch = fc.record(
  {
    batch_id: fc.uuid(),
    sent_at: fc.integer({ min: 0 }),
    context: fc.constantFrom({}, { os: '"events":[', events: [{ event_id: 1 }] }, { 'a"events': [] }),
    events: fc.array(event, { maxLength: 4 }),
  },
  { requiredKeys: ["batch_id", "events"] },
);

/** The ways in which JSON is commonly written. */
const writers: ((value: unknown) => string)[] = [
  (value) => JSON.stringify(value),
  // As Python does it.
  (value) => spaced(JSON.stringify(value)),
  // With nothing but ASCII.
  (value) =>
    JSON.stringify(value).replaceAll(
      /[^ -~]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
  (value) => JSON.stringify(value, null, 1),
  (value) =>
    JSON.stringify(value)
      .replaceAll(/(\d)\.(\d)/g, "$1.$20")
      .replaceAll("e+", "E"),
];
const body = fc.tuple(batch, fc.constantFrom(...writers)).map(([value, write]) => Buffer.from(write(value)));

test("what is scanned is what JSON.parse makes of it, however it was written", () => {
  let scanned = 0;
  fc.assert(
    fc.property(body, (bytes) => {
      if (assertSame(bytes)) scanned++;
    }),
    { numRuns: runs },
  );
  assert.ok(scanned > runs / 20, `only ${scanned} of ${runs} bodies were scanned`);
});

test("a damaged body is never scanned as something that JSON.parse does not see", () => {
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    remove: fc.nat(3),
    put: fc.oneof(
      fc.constantFrom('"', ",", "}", "{", "]", "[", ":", " ", "0", "-", ".", "e", "\\", "\\u0000", "null"),
      fc.constantFrom(
        '"events":[',
        '"name":"x",',
        '"event_id":',
        "\n",
        "\u0001",
        "00",
        "1.",
        ".5",
        "+1",
        "tru",
      ),
      fc.string({ maxLength: 3 }),
    ),
  });
  fc.assert(
    fc.property(body, fc.array(damage, { minLength: 1, maxLength: 3 }), (bytes, damages) => {
      let broken = bytes.toString();
      for (const { at, remove, put } of damages) {
        const place = Math.floor(at * broken.length);
        broken = broken.slice(0, place) + put + broken.slice(place + remove);
      }
      assertSame(Buffer.from(broken));
    }),
    { numRuns: runs * 2 },
  );
});

for (const [what, events] of Object.entries({
  "an event with every field": [
    {
      event_id: "0198d3d2-0000-7000-8000-00000000000f",
      name: "level_complete",
      kind: "event",
      time: "2026-11-24T10:00:00Z",
      session_id: "0198D3D2-0000-7000-8000-000000000001",
      duration_ms: 12.5,
      properties: { level: 'Wald "é"\n', score: -0.5, won: true, lost: false },
    },
  ],
  "events of few fields": [
    { event_id: "0198d3d2-0000-7000-8000-00000000000f", name: "ö", time: 1_764_000_000_000 },
    { event_id: "0198d3d2-0000-7000-8000-000000000010", name: "a", time: 1_764_000_000_000, properties: {} },
  ],
  "no event": [],
})) {
  test(`${what} is scanned, compact and with spaces`, () => {
    const written = JSON.stringify({ batch_id: "b", events, sdk: { name: "n" } });
    assert.ok(assertSame(Buffer.from(written)));
    assert.ok(assertSame(Buffer.from(spaced(written))));
  });
}

/** A key of one character with an escape: JSON.parse of V8 14.6 makes a backslash of it now and then. */
const misreadKey = /"\\(?:u[0-9a-f]{4}|.)" ?:/i;

/** @returns false when the body was not scanned, about which nothing is promised. */
function assertSame(bytes: Buffer): boolean {
  if (misreadKey.test(bytes.toString())) return false;
  const scanned = scanBatch(bytes);
  if (scanned === null) return false;
  const { events: sent } = exact(bytes.toString()) as { events: unknown[] };
  const { events, ...rest } = JSON.parse(bytes.toString()) as { events: unknown[] };
  const { events: _, ...envelope } = scanned.envelope;
  assert.deepEqual(envelope, rest);
  assert.equal(scanned.events.length, events.length);
  const objects = new Staging();
  for (const [index, event] of sent.map(withContractNumbers).entries()) {
    assert.ok(schema.Check(event), JSON.stringify(event));
    assert.equal(JSON.stringify(scanned.events.at(index)), JSON.stringify(sent[index]));
    objects.reset(Buffer.alloc(0));
    stageEvent(objects, 0, event);
    assert.deepEqual(read(scanned.events.staged(), index), read(objects, 0));
  }
  return true;
}

function exact(text: string): unknown {
  const parsed = parseExactJson(text);
  assert.ok("value" in parsed);
  return parsed.value;
}

/** What is staged, as plain values. `deepEqual` tells −0 from 0. */
function read(staging: Staging, index: number) {
  const textAt = (place: number, length: number) =>
    staging.bufferOf(place).toString("utf8", offsetOf(place), offsetOf(place) + length);
  const properties = [];
  for (let at = staging.propertiesOf[index] ?? 0; at < (staging.propertiesEnd[index] ?? 0); at++) {
    const length = staging.valueLengths[at] ?? 0;
    const value = length < 0 ? staging.numbers[at] : textAt(staging.values[at] ?? 0, length);
    properties.push([textAt(staging.keys[at] ?? 0, staging.keyLengths[at] ?? 0), value]);
  }
  return {
    eventId: staging.eventIds.slice(index * 4, index * 4 + 4),
    sessionId: staging.sessionIds.slice(index * 4, index * 4 + 4),
    time: staging.times[index],
    kind: staging.kinds[index],
    duration: staging.durations[index],
    name: textAt(staging.names[index] ?? 0, staging.nameLengths[index] ?? 0),
    properties,
  };
}

/** With a space behind each colon and comma that is not in a text. */
function spaced(json: string): string {
  return json.replaceAll(/"(?:[^"\\]|\\.)*"|[:,]/g, (part) =>
    part === ":" || part === "," ? `${part} ` : part,
  );
}
