import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { openPath } from "./foreign.ts";
import { logsOf, nanoseconds, post } from "./otlp-messages.ts";
import { batchOf, eventOf } from "./sending.ts";
import { untilCount } from "./stored.ts";

const stack = Array.from(
  { length: 2000 },
  (_, n) => `    at frame${n} (file:///app/src/module.ts:${n}:7)`,
).join("\n");
const items = Array.from({ length: 20 }, (_, n) => ({
  sku: `sku-${n}`,
  name: "A book about whales",
  price: 12.5,
}));

function attribute(key: string, value: object) {
  return { key, value };
}

function mapOf(...values: object[]) {
  return { kvlistValue: { values } };
}

const text = (stringValue: string) => ({ stringValue });

/** The rows of these log records by their name and kind, and what every row has. */
async function storedLogs(t: TestContext, records: object[]) {
  const path = await openPath(t);
  const at = { timeUnixNano: nanoseconds() };
  const body = JSON.stringify(logsOf(records.map((record) => ({ ...at, ...record }))));
  assert.equal((await post(path, body)).status, 200);
  await untilCount(path.store, `events where app_id = '${path.app.app_id}'`, records.length);
  const rows = await path.rows("name, kind, properties_string as s, properties_number as n");
  const scope = { "otel.scope.name": "test" };
  const rowOf = (name: string, kind = "event") => {
    const row = rows.find((it) => it["name"] === name && it["kind"] === kind) ?? assert.fail(name);
    return { s: row["s"] as Record<string, string>, n: row["n"] };
  };
  return { rowOf, scope };
}

// INVARIANT 9
test("attributes of OTLP are kept, or counted in their event", async (t) => {
  const { rowOf, scope } = await storedLogs(t, [
    {
      eventName: "proto",
      attributes: [
        attribute("__proto__", text("a")),
        attribute("map", mapOf(attribute("__proto__", text("b")))),
      ],
    },
    {
      eventName: "empty",
      attributes: [
        attribute("text", text("")),
        attribute("map", mapOf()),
        attribute("list", { arrayValue: {} }),
      ],
    },
    {
      eventName: "twice",
      attributes: [
        attribute("a.b", text("first")),
        attribute("a", mapOf(attribute("b", text("second")))),
        attribute("c", text("first")),
        attribute("c", text("second")),
        attribute("dropped_attributes_count", { intValue: 5 }),
      ],
    },
  ]);
  assert.deepEqual(
    new Map(Object.entries(rowOf("proto").s)),
    new Map([
      ["__proto__", "a"],
      ["map.__proto__", "b"],
      ["otel.scope.name", "test"],
    ]),
  );
  assert.deepEqual(rowOf("empty"), { s: { ...scope, text: "", map: "{}", list: "[]" }, n: {} });
  assert.deepEqual(rowOf("twice"), {
    s: { ...scope, "a.b": "second", c: "second" },
    n: { dropped_attributes_count: 7 },
  });
});

test("long lists and traces of OTLP are cut where they can be, and texts are no names", async (t) => {
  const skus = items.map(({ sku }) => sku.repeat(20));
  const { rowOf, scope } = await storedLogs(t, [
    {
      eventName: "list",
      attributes: [
        attribute("items", { arrayValue: { values: skus.map(text) } }),
        attribute("long", { arrayValue: { values: [text("x".repeat(2000))] } }),
      ],
    },
    { eventName: "trace", attributes: [attribute("exception.stacktrace", text(stack))] },
    { eventName: "severe", severityNumber: 25 },
    { body: text("user 7 logged in"), attributes: [attribute("body", text("other"))] },
    { body: text(""), severityNumber: 21 },
  ]);
  const { s: list, n: counted } = rowOf("list");
  const kept = JSON.parse(list["items"] ?? "") as string[];
  assert.ok(kept.length > 5 && kept.length < 20, String(kept.length));
  assert.deepEqual(kept, skus.slice(0, kept.length));
  assert.deepEqual(counted, { dropped_attributes_count: 20 - kept.length + 1 });
  const trace = rowOf("trace").s["exception.stacktrace"] ?? "";
  assert.ok(trace.startsWith("    at frame0 ") && trace.endsWith("module.ts:1999:7)"), trace);
  assert.ok(trace.length > 28_000 && Buffer.byteLength(trace) <= 32_768, String(trace.length));
  assert.match(trace, /\n… \d+ characters left out …\n/);
  assert.deepEqual(rowOf("severe"), { s: scope, n: { severity_number: 25 } });
  assert.deepEqual(rowOf("log"), {
    s: { ...scope, body: "user 7 logged in" },
    n: { dropped_attributes_count: 1 },
  });
  assert.deepEqual(rowOf("log", "crash").s, { ...scope, body: "" });
});

// INVARIANT 9
test("fields of Segment's calls are kept, or counted in their event", async (t) => {
  const path = await openPath(t);
  const timestamp = new Date().toISOString();
  const call = (event: string, properties: unknown, more: object = {}) => ({
    type: "track",
    event,
    messageId: randomUUID(),
    anonymousId: "a",
    timestamp,
    properties,
    ...more,
  });
  const batch = [
    call("list", [1, "two"]),
    call("text", "just text"),
    call("proto", JSON.parse('{"__proto__":"a","empty":"","none":{},"a.b":1,"a":{"b":2}}')),
    call("order", { items, stack }),
    call("types", {}, { anonymousId: { id: 7 }, userId: "u", context: "none" }),
    { ...call("", undefined), type: "identify", traits: ["ada@example.org"] },
    call("n".repeat(150), {}),
  ];
  const headers = { authorization: `Bearer ${path.secret}` };
  const answer = await fetch(`${path.url}/v1/batch`, {
    method: "POST",
    headers,
    body: JSON.stringify({ batch }),
  });
  assert.equal(answer.status, 200);
  await untilCount(path.store, `events where app_id = '${path.app.app_id}'`, batch.length);
  const rows = await path.rows("name, properties");
  const byName = new Map(rows.map(({ name, properties }) => [name, properties as Record<string, string>]));
  assert.deepEqual(byName.get("list"), { properties: '[1,"two"]' });
  assert.deepEqual(byName.get("text"), { properties: "just text" });
  const expected = '{"__proto__":"a","empty":"","none":"{}","a.b":"2","dropped_attributes_count":"1"}';
  assert.deepEqual(
    new Map(Object.entries(byName.get("proto") ?? {})),
    new Map(Object.entries(JSON.parse(expected) as object)),
  );
  const order = byName.get("order") ?? {};
  const kept = JSON.parse(order["items"] ?? "") as unknown[];
  assert.deepEqual(kept, items.slice(0, kept.length));
  assert.equal(order["dropped_attributes_count"], String(items.length - kept.length));
  assert.ok(order["stack"]?.endsWith("module.ts:1999:7)"));
  assert.deepEqual(byName.get("types"), { dropped_attributes_count: "2" });
  assert.deepEqual(byName.get("identify"), { dropped_attributes_count: "1" });
  assert.deepEqual(byName.get("n".repeat(100)), { event: "n".repeat(150) });
});

test("a stack trace of our own contract is stored whole, another text is cut with a warning", async (t) => {
  const path = await openPath(t);
  const long = stack.slice(0, 12_000);
  const event = eventOf({ properties: { "exception.stacktrace": long, message: long, empty: "" } });
  const answer = await path.send(batchOf([event]));
  const { results } = (await answer.json()) as { results: { code: string; pointer: string }[] };
  assert.deepEqual(
    results.map(({ code, pointer }) => [code, pointer]),
    [["string_truncated", "/properties/message"]],
  );
  await untilCount(path.store, `events where app_id = '${path.app.app_id}'`, 1);
  const [row] = await path.rows("properties");
  assert.deepEqual(row?.["properties"], {
    "exception.stacktrace": long,
    message: long.slice(0, 1024),
    empty: "",
  });
});
