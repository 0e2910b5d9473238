import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { otlpLogs } from "./otlp/protocol.ts";
import type { Protocol } from "./protocol.ts";
import { segmentRoutes } from "./segment/protocol.ts";

// Guards the invariant "a body costs no more than its limits" (INVARIANTS.md): what is told once for many
// events must not be paid for each. A scope of 4 MB times 10 000 records is 40 GB to hash.
test("what many events share is not copied for each of them", { timeout: 20_000 }, () => {
  const long = "x".repeat(4_000_000);
  const keys = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, 1]));
  const time = { timeUnixNano: `${Date.now()}000000` };
  const logRecords = Array.from({ length: 5000 }, () => time);
  const logs = (scope: string, key: string) => ({
    resourceLogs: [
      {
        resource: { attributes: [{ key, value: { stringValue: long } }] },
        scopeLogs: [{ scope: { name: scope }, logRecords }],
      },
    ],
  });
  assert.equal(eventsOf(otlpLogs, logs(long.slice(0, 900_000), "service.name")), 5000);
  assert.equal(eventsOf(otlpLogs, logs("", "session.id")), 5000);
  const [batch] = segmentRoutes;
  assert.ok(batch);
  const calls = Array.from({ length: 1000 }, () => ({ type: "track", event: "a", messageId: randomUUID() }));
  for (const context of [keys, { sessionId: long }, { app: { namespace: long } }, { os: { name: long } }]) {
    assert.equal(eventsOf(batch, { batch: calls, context }), 1000);
  }
});

function eventsOf(protocol: Protocol, body: object): number {
  const bytes = Buffer.from(JSON.stringify(body));
  assert.ok(bytes.length < 5_242_880, `${bytes.length}`);
  const reading = protocol.read({ bytes, sentBytes: 0, form: "json" }, {} as IncomingMessage);
  assert.ok(!("code" in reading), JSON.stringify(reading).slice(0, 200));
  const written = JSON.stringify(reading.batches).length;
  assert.ok(written < 20_000_000, `${written} bytes of events`);
  return reading.batches.reduce((sum, { events }) => sum + events.length, 0);
}
