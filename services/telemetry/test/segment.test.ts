import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Analytics } from "@segment/analytics-node";
import { idOf } from "../src/ingest/events/derived-id.ts";
import { openPath } from "./foreign.ts";
import { countOf, untilCount } from "./stored.ts";
import { eventually, newSecret, publishApp } from "./support.ts";

const columns = `name, kind, toString(install_id) as install, os, device_model, version_code, locale, network,
  properties_string, properties_number`;

// INVARIANT 50
test("calls of Segment's own SDK are events", async (t) => {
  const path = await openPath(t);
  const analytics = new Analytics({ writeKey: path.secret, host: path.url, maxRetries: 0 });
  const failures: unknown[] = [];
  analytics.on("error", (error) => failures.push(error));
  const anonymousId = randomUUID();
  const context = {
    app: { version: "1.4.0", build: "42", namespace: "com.example.other" },
    os: { name: "Android", version: "15" },
    device: { model: "Pixel 9" },
    locale: "de-DE",
    network: { wifi: true },
    ip: "203.0.113.7",
  };
  const client = { address: "203.0.113.7" };
  const properties = { amount: 12.5, cart: { size: 3 }, items: ["a"], ip: "203.0.113.7", client };
  analytics.track({ anonymousId, userId: "ada@example.org", event: "Order Completed", properties, context });
  analytics.identify({ userId: "ada@example.org", traits: { email: "ada@example.org", plan: "gold" } });
  analytics.screen({ anonymousId, name: "Home", context });
  const url = "https://example.org/shop?token=secret#top";
  analytics.page({ anonymousId, properties: { url, path: "/shop", search: "?token=secret" } });
  analytics.group({ userId: "7", groupId: "acme", traits: { name: "Acme", seats: 5 } });
  await analytics.closeAndFlush({ timeout: 10_000 });
  assert.deepEqual(failures, []);
  await eventually(async () => assert.equal((await path.rows("name")).length, 5));

  const [order] = await path.rows(columns, "name = 'Order Completed'");
  assert.deepEqual(order, {
    name: "Order Completed",
    kind: "event",
    install: anonymousId,
    os: "android",
    device_model: "Pixel 9",
    version_code: 42,
    locale: "de-DE",
    network: "wifi",
    properties_string: { "app.version": "1.4.0", items: '["a"]' },
    properties_number: { amount: 12.5, "cart.size": 3 },
  });
  const others = await path.rows(
    "name, kind, toString(install_id) as install, properties",
    "name != 'Order Completed'",
  );
  const byName = Object.fromEntries(others.map(({ name, ...row }) => [name, row]));
  assert.deepEqual(byName, {
    identify: { kind: "event", install: idOf("ada@example.org"), properties: { plan: "gold" } },
    Home: { kind: "screen", install: anonymousId, properties: { "app.version": "1.4.0" } },
    page: {
      kind: "screen",
      install: anonymousId,
      properties: { path: "/shop", url: "https://example.org/shop" },
    },
    group: { kind: "event", install: idOf("7"), properties: { group_id: "acme", seats: "5" } },
  });
  // A person is in no column, whatever was sent.
  const whole = JSON.stringify(await path.rows("*"));
  for (const secret of ["ada@", "203.0.113", "secret", "Acme"]) assert.ok(!whole.includes(secret), secret);
});

test("a browser's call, text with its key inside, is an event", async (t) => {
  const path = await openPath(t);
  const call = trackOf({ writeKey: path.secret, sentAt: new Date().toISOString(), type: "track" });
  const sent: [string, object, Record<string, string>][] = [
    ["/v1/t", call, { "content-type": "text/plain" }],
    ["/v1/track", trackOf({ writeKey: path.secret }), { "content-type": "text/plain;charset=UTF-8" }],
    ["/v1/batch", { batch: [trackOf({ type: "track" })], writeKey: path.secret }, {}],
    ["/v1/track", trackOf(), { authorization: `Bearer ${path.secret}` }],
    ["/v1/track", trackOf(), { authorization: `Basic ${btoa(`${path.secret}:`)}` }],
  ];
  for (const [route, body, headers] of sent) {
    const answer = await post(path.url, route, body, headers);
    assert.deepEqual([answer.status, await answer.json()], [200, { success: true }]);
  }
  await untilCount(path.store, `events where app_id = '${path.app.app_id}'`, sent.length);
});

// INVARIANT 1
test("calls that are sent again show once, with ids of any form or without one", async (t) => {
  const path = await openPath(t);
  const timestamp = new Date().toISOString();
  const batch = [
    { ...trackOf(), type: "track", messageId: "node-next-1795600799000-x" },
    { ...trackOf(), type: "track", messageId: randomUUID() },
    { type: "track", event: "no id", anonymousId: "a", timestamp },
    { type: "track", event: "no id", anonymousId: "a", timestamp },
    { type: "track", event: "no id", anonymousId: "b", timestamp },
  ];
  for (let i = 0; i < 3; i++) {
    const body = { batch, writeKey: path.secret, sentAt: new Date(Date.now() + i).toISOString() };
    assert.equal((await post(path.url, "/v1/batch", body)).status, 200);
  }
  const mine = `where app_id = '${path.app.app_id}'`;
  // Four installs, three times.
  await untilCount(path.store, `ingest_batches ${mine}`, 12);
  assert.equal(await countOf(path.store, `events ${mine}`), 5);
  assert.equal(await countOf(path.store, `(select distinct batch_id from ingest_batches ${mine})`), 1);
});

// INVARIANT 1
test("a call without a time has that of receiving, and shows once when it comes again", async (t) => {
  const path = await openPath(t);
  const key = { authorization: `Bearer ${path.secret}` };
  const bodies: [string, object][] = [
    ["/v1/track", { event: "named", messageId: "m-1", anonymousId: "a" }],
    ["/v1/track", { event: "unnamed", anonymousId: "a", timestamp: null }],
    [
      "/v1/batch",
      { batch: [{ type: "page" }, { type: "page" }, { type: "screen" }], sentAt: "2020-01-01T00:00:00Z" },
    ],
  ];
  const from = Date.now();
  for (let i = 0; i < 3; i++) {
    for (const [route, body] of bodies) assert.equal((await post(path.url, route, body, key)).status, 200);
  }
  const mine = `where app_id = '${path.app.app_id}'`;
  await untilCount(path.store, `ingest_batches ${mine}`, 9);
  const rows = await path.rows("name, toUnixTimestamp64Milli(event_time) as at");
  assert.deepEqual(rows.map(({ name }) => name).join(), "named,page,page,screen,unnamed");
  for (const { at } of rows) assert.ok(Number(at) >= from - 1 && Number(at) <= Date.now(), String(at));
  assert.equal(await countOf(path.store, `outcomes ${mine} and outcome <> 'accepted'`), 0);
  assert.equal(
    await countOf(path.store, `ingest_batches ${mine} and (warned > 0 or clock_correction_ms <> 0)`),
    0,
  );
});

test("a clock that is off is corrected by the time of sending", async (t) => {
  const path = await openPath(t);
  const offMs = 3 * 3_600_000;
  const at = new Date(Date.now() + offMs - 10_000).toISOString();
  const sentAt = new Date(Date.now() + offMs).toISOString();
  const body = { ...trackOf(), timestamp: at, sentAt, writeKey: path.secret };
  assert.equal((await post(path.url, "/v1/track", body)).status, 200);
  await untilCount(path.store, `events where app_id = '${path.app.app_id}'`, 1);
  const age = "toInt32(dateDiff('second', event_time, received_at)) as age";
  const [row] = await path.rows(`${age}, toInt32(clock_correction_ms / 1000) as correction`);
  assert.ok(Math.abs(Number(row?.["age"]) - 10) <= 2, JSON.stringify(row));
  assert.ok(Math.abs(Number(row?.["correction"]) + offMs / 1000) <= 2, JSON.stringify(row));
});

test("what cannot be stored is refused with the status that tells whether to repeat", async (t) => {
  const path = await openPath(t);
  const key = { authorization: `Bearer ${path.secret}` };
  const track = (body: unknown, headers: Record<string, string> = key) =>
    post(path.url, "/v1/track", body, headers);
  const batch = (body: unknown, headers = {}) => post(path.url, "/v1/batch", body, { ...key, ...headers });
  const many = gzipSync(JSON.stringify({ batch: Array.from({ length: 1001 }, () => trackOf()) }));
  const form = { ...key, "content-type": "application/x-www-form-urlencoded" };
  const cases: [string, number, string, Promise<Response>][] = [
    ["broken JSON", 400, "malformed_json", track("{")],
    ["a list", 422, "batch_invalid", track("[]")],
    ["no batch", 422, "batch_invalid", batch({})],
    ["no name", 400, "invalid_request", track({ ...trackOf(), event: "" })],
    ["a wrong time", 400, "invalid_request", track({ event: "a", timestamp: "now" })],
    ["calls that are none", 400, "invalid_request", batch({ batch: [{ type: "?" }, 7] })],
    ["no key", 401, "credentials_missing", track(trackOf(), {})],
    ["a key of nobody", 401, "credentials_invalid", track(trackOf({ writeKey: newSecret() }), {})],
    ["too many", 413, "body_too_large", batch(many, { "content-encoding": "gzip" })],
    ["a form", 415, "content_type_unsupported", track("a=1", form)],
  ];
  for (const [name, status, code, sent] of cases) {
    const answer = await sent;
    const body = (await answer.json()) as { success: boolean; code: string; message: string };
    assert.deepEqual([answer.status, body.success, body.code], [status, false, code], name);
    assert.ok(body.message.length > 10, name);
  }
  const deep = `${"[".repeat(15_000)}${"]".repeat(15_000)}`;
  const call = JSON.stringify({ ...trackOf(), messageId: undefined, properties: { deep: 0 } });
  const nested = await track(call.replace('"deep":0', `"deep":${deep}`));
  assert.equal(nested.status, 200, "what is nested too deeply is left out");
  assert.equal((await batch({ batch: [] })).status, 200);
});

test("what older SDKs and other senders do is taken: routes, types, times and codings", async (t) => {
  const path = await openPath(t);
  const now = Date.now();
  const local = (ms: number, offset: string) =>
    new Date(ms - 8 * 3_600_000).toISOString().replace("Z", offset);
  const body = { batch: [{ ...trackOf(), type: "track" }], writeKey: path.secret };
  const gzip = { "content-encoding": "gzip", "content-type": "application/x-www-form-urlencoded" };
  const zipped = gzipSync(JSON.stringify(body));
  const late = 14 * 86_400_000;
  const off = trackOf({ timestamp: new Date(now + late).toISOString(), sentAt: local(now + late, "-0800") });
  const sent: [string, unknown, Record<string, string>][] = [
    ["/v1/import", body, {}],
    ["/v1/import/", body, {}],
    ["/v1/batch/", body, { "content-encoding": "identity," }],
    ["/v1/batch", zipped, { ...gzip, authorization: `Basic ${btoa(`${path.secret}:`)}` }],
    ["/v1/track/", trackOf({ writeKey: path.secret }), { "content-encoding": "Identity" }],
    ["/v1/track", trackOf({ writeKey: path.secret, timestamp: local(now, "-0800") }), {}],
    ["/v1/track", trackOf({ writeKey: path.secret, timestamp: local(now, "-08") }), {}],
    // A clock 14 days ahead is corrected by the time that each call says it was sent at.
    ["/v1/batch", { writeKey: path.secret, batch: [{ ...off, type: "track" }] }, {}],
  ];
  for (const [route, content, headers] of sent) {
    const answer = await post(path.url, route, content, headers);
    assert.equal(answer.status, 200, `${route} ${JSON.stringify(headers)} ${await answer.text()}`);
  }
  // The first four are one call.
  await untilCount(path.store, `events where app_id = '${path.app.app_id}'`, sent.length - 3);
  const age = "toInt32(dateDiff('second', event_time, received_at)) as age";
  for (const row of await path.rows(age)) assert.ok(Math.abs(Number(row["age"])) <= 60, JSON.stringify(row));
});

test("with a key of several apps the namespace of the app tells which", async (t) => {
  const path = await openPath(t);
  const all = await publishApp(path.producer, { app_ids: null });
  const send = (namespace?: string) =>
    post(path.url, "/v1/track", trackOf({ writeKey: all.secret, context: { app: { namespace } } }));
  await eventually(async () => assert.equal((await send(all.app.package_id)).status, 200));
  assert.equal((await send("org.nobody.app")).status, 404);
  assert.equal((await send()).status, 422);
});

function trackOf(changes: object = {}) {
  const timestamp = new Date().toISOString();
  return { event: "clicked", anonymousId: randomUUID(), messageId: randomUUID(), timestamp, ...changes };
}

function post(url: string, route: string, body: unknown, headers: Record<string, string> = {}) {
  const raw = typeof body === "string" || body instanceof Uint8Array;
  return fetch(`${url}${route}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: raw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body),
  });
}
