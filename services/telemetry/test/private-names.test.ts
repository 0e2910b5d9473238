import assert from "node:assert/strict";
import { test } from "node:test";
import { select } from "@mosis/clickhouse";
import Type from "typebox";
import { openPath } from "./foreign.ts";
import { logsOf, nanoseconds, post as postLogs, protobufResource, writer } from "./otlp-messages.ts";
import { countOf, untilCount } from "./stored.ts";

// What standard clients fill by themselves, and what tells of a person, is stored nowhere.

const address = "203.0.113.7";
const nested = {
  o: { ip: address },
  "o.p.ip": address,
  list: [{ ip: address, kept: "yes" }, [{ ip: address }], { user: { id: address } }],
  client: [{ address }],
  deep: { a: { b: { c: { d: { e: { f: { g: { h: { host: { ip: address } } } } } } } } } },
};

test("private names are left out of nested objects and of lists, by every protocol", async (t) => {
  const path = await openPath(t);
  const headers = { authorization: `Bearer ${path.secret}`, "content-type": "application/json" };
  const track = { type: "track", event: "segment", timestamp: new Date().toISOString(), properties: nested };
  const batch = [
    track,
    { ...track, event: "listed", properties: [{ ip: address, kept: "yes" }] },
    { type: "identify", timestamp: track.timestamp, traits: nested },
    // Refused, and kept as they came or as they were mapped.
    { ...track, event: "old", timestamp: "2020-01-01T00:00:00Z" },
    [{ ip: address, other: "kept" }],
  ];
  const body = JSON.stringify({ batch });
  assert.equal((await fetch(`${path.url}/v1/batch`, { method: "POST", headers, body })).status, 200);

  const attributes = Object.entries(nested).map(([key, value]) => ({ key, value: anyValue(value) }));
  const record = { timeUnixNano: nanoseconds(), attributes, body: anyValue({ ip: address, text: "hi" }) };
  const old = { ...record, timeUnixNano: nanoseconds(-40 * 86_400_000), eventName: "old" };
  const logs = [{ ...record, eventName: "json" }, old];
  assert.equal((await postLogs(path, JSON.stringify(logsOf(logs)))).status, 200);
  const request = writer();
  request.bytes(1, protobufResource({}, [binaryRecord("binary")]));
  const protobuf = { "content-type": "application/x-protobuf" };
  assert.equal((await postLogs(path, request.done(), protobuf)).status, 200);

  await untilCount(path.store, "events", 5);
  await untilCount(path.store, "rejected_events", 3);
  const rows = await path.rows("name, properties_string as properties");
  assert.ok(!JSON.stringify(rows).includes(address), JSON.stringify(rows));
  const of = (name: string) => rows.find((row) => row["name"] === name)?.["properties"];
  const kept = { list: '[{"kept":"yes"},[{}],{"user":{}}]', client: "[{}]" };
  const deep = "deep.a.b.c.d.e.f.g.h";
  assert.deepEqual(of("segment"), { ...kept, [deep]: '{"host":{}}' });
  assert.deepEqual(of("listed"), { properties: '[{"kept":"yes"}]' });
  assert.deepEqual(of("json"), {
    ...kept,
    [deep]: '{"host":{}}',
    "body.text": "hi",
    "otel.scope.name": "test",
  });
  assert.deepEqual(of("binary"), { good: "yes", list: '["a",{}]' });
  const rejected = await select(
    path.store,
    Type.Object({ raw: Type.String() }),
    "select raw from rejected_events",
  );
  assert.ok(!JSON.stringify(rejected).includes(address), JSON.stringify(rejected));
  assert.ok(rejected.some(({ raw }) => raw === '[{"other":"kept"}]'));
  assert.equal(
    await countOf(path.store, "events where has(mapKeys(properties_number), 'dropped_attributes_count')"),
    0,
  );
});

/** A value as OTLP's JSON writes it. */
function anyValue(value: unknown): object {
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  if (typeof value !== "object" || value === null) return { stringValue: String(value) };
  const values = Object.entries(value).map(([key, inner]) => ({ key, value: anyValue(inner) }));
  return { kvlistValue: { values } };
}

/** A record of protobuf with a private key, one in a longer name, and a list with one in an object. */
function binaryRecord(name: string): Uint8Array {
  const text = (value: string) => {
    const any = writer();
    any.text(1, value);
    return any.done();
  };
  const pair = (key: string, value: Uint8Array) => {
    const it = writer();
    it.text(1, key);
    it.bytes(2, value);
    return it.done();
  };
  const object = writer();
  object.bytes(1, pair("ip", text(address)));
  const inObject = writer();
  inObject.bytes(6, object.done());
  const items = writer();
  items.bytes(1, text("a"));
  items.bytes(1, inObject.done());
  const list = writer();
  list.bytes(5, items.done());
  const record = writer();
  record.fixed64(1, BigInt(Date.now()) * 1_000_000n);
  record.bytes(6, pair("good", text("yes")));
  record.bytes(6, pair("pod.ip", text(address)));
  record.bytes(6, pair("list", list.done()));
  record.text(12, name);
  return record.done();
}
