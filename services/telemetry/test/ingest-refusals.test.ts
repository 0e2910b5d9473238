import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { ProblemBody } from "@mosis/types/problems";
import { batchOf, eventOf, openApp, post } from "./sending.ts";
import { eventually, freshKafka, newSecret, nextPosition, publishApp } from "./support.ts";

const gzip = { "content-encoding": "gzip" };

test("what cannot be a batch is refused with a problem that says why", async (t) => {
  const { send, url, secret } = await started(t);
  const good = () => batchOf([eventOf({})]);
  const large = JSON.stringify(batchOf([eventOf({ properties: { a: "x".repeat(1_048_576) } })]));
  const cases: [string, number, string, () => Promise<Response>][] = [
    ["broken JSON", 400, "malformed_json", () => send('{"batch_id": ')],
    ["an empty body", 400, "malformed_json", () => send("")],
    ["UTF-16", 400, "malformed_json", () => send(Buffer.from(JSON.stringify(good()), "utf16le"))],
    ["Latin-1", 400, "malformed_json", () => send(latin1(good()))],
    ["Latin-1 in gzip", 400, "malformed_json", () => send(gzipSync(latin1(good())), gzip)],
    [
      "another charset",
      415,
      "content_type_unsupported",
      () => send(good(), { "content-type": "application/json; charset=utf-16" }),
    ],
    ["not gzip", 400, "malformed_body", () => send("{}", gzip)],
    [
      "half of gzip",
      400,
      "malformed_body",
      () => send(gzipSync(JSON.stringify(good())).subarray(0, 40), gzip),
    ],
    ["more than 1 MiB", 413, "body_too_large", () => send(large)],
    ["text", 415, "content_type_unsupported", () => send(good(), { "content-type": "text/plain" })],
    [
      "an unknown coding",
      415,
      "content_encoding_unsupported",
      () => send(good(), { "content-encoding": "lzma" }),
    ],
    ["a list", 422, "batch_invalid", () => send([])],
    ["no events", 422, "batch_invalid", () => send({ batch_id: randomUUID() })],
    ["a wrong id", 422, "batch_invalid", () => send({ ...good(), batch_id: "1" })],
    ["a wrong context", 422, "batch_invalid", () => send({ ...good(), context: { version_code: "42" } })],
    ["a wrong time of sending", 422, "batch_invalid", () => send({ ...good(), sent_at: "now" })],
    ["too many events", 422, "batch_invalid", () => send(batchOf(Array.from({ length: 1001 }, () => 1)))],
    ["an app of nobody", 404, "not_found", () => send({ ...good(), package_id: "org.nobody.app" })],
    ["a fake key", 401, "credentials_invalid", () => post(url, newSecret(), good())],
    ["a typo in the key", 401, "credentials_invalid", () => post(url, `${secret}x`, good())],
  ];
  for (const [name, status, code, request] of cases) {
    const answer = await request();
    const body = (await answer.json()) as ProblemBody;
    assert.deepEqual([answer.status, body.code], [status, code], name);
    assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/, name);
    assert.equal(body.request_id, answer.headers.get("x-request-id"), name);
    assert.ok(body.detail.length > 10, name);
  }
  assert.equal((await send(good())).status, 202);
});

test("what is not JSON is told with its place, and UTF-8 may be named", async (t) => {
  const { send } = await started(t);
  const answer = await send('{"batch_id":\n nope}');
  assert.match(((await answer.json()) as ProblemBody).detail, /at line 2, column 2\.$/);
  for (const charset of ["utf-8", '"UTF-8"', "utf8"]) {
    const named = await send(batchOf([]), { "content-type": `application/json; x=y; charset=${charset}` });
    assert.equal(named.status, 202, charset);
  }
});

// INVARIANT 10
test("a gzip bomb is refused, and memory does not grow", async (t) => {
  const { send } = await started(t);
  const bomb = gzipSync(Buffer.alloc(1_000_000_000));
  assert.ok(bomb.length < 1_048_576);
  const attack = async () => {
    const startedMs = performance.now();
    const answer = await send(bomb, gzip);
    const tookMs = performance.now() - startedMs;
    assert.equal(answer.status, 413);
    await answer.arrayBuffer();
    return tookMs;
  };
  // The first ones let the heap find its size; one that kept what it inflates would grow by 5 MiB at each.
  const times: number[] = [];
  for (let i = 0; i < 40; i++) times.push(await attack());
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 40; i++) times.push(await attack());
  const grownMegabytes = (process.memoryUsage().rss - before) / 1_048_576;
  const median = times.toSorted((a, b) => a - b)[40] ?? 0;
  t.diagnostic(`median ${median.toFixed(1)} ms, grown by ${grownMegabytes.toFixed(0)} MiB`);
  assert.ok(grownMegabytes < 100, `grew by ${grownMegabytes} MiB`);
});

// INVARIANT 10
test("a body that does not come is given up with 408", async (t) => {
  const { url, secret } = await started(t);
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.write(
    "POST /v1/telemetry/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
      `Authorization: Bearer ${secret}\r\nContent-Length: 100\r\n\r\n{`,
  );
  const [chunk] = (await once(socket, "data")) as Buffer[];
  assert.match(String(chunk), /^HTTP\/1\.1 408 /);
});

// INVARIANT 10
test("a body that says nothing of its length is counted while it comes", async (t) => {
  const { url, secret } = await started(t);
  const chunk = new Uint8Array(65_536).fill(32);
  const request = {
    method: "POST",
    duplex: "half",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: ReadableStream.from(Array.from({ length: 40 }, () => chunk)),
  };
  const answer = await fetch(`${url}/v1/telemetry/batches`, request as RequestInit);
  assert.equal(answer.status, 413);
});

test("the id of a request is echoed when it is a plain word", async (t) => {
  const { send } = await started(t);
  const own = await send(batchOf([]), { "x-request-id": "my-request.1" });
  assert.equal(own.headers.get("x-request-id"), "my-request.1");
  const odd = await send(batchOf([]), { "x-request-id": "no spaces please" });
  assert.match(odd.headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/);
});

// Guards: a revoked or expired key stops working within 5 s.
// INVARIANT 41
test("a revoked key stops working within 5 s, and a new one starts", async (t) => {
  const { producer, key, send, url } = await started(t);
  assert.equal((await send(batchOf([]))).status, 202);
  await producer.send([
    { topic: "catalog.keys", messages: [{ key: key.key_id, value: null, headers: nextPosition() }] },
  ]);
  await eventually(async () => assert.equal((await send(batchOf([]))).status, 401), 5000);
  const other = await publishApp(producer);
  await eventually(async () => assert.equal((await post(url, other.secret, batchOf([]))).status, 202), 5000);
});

// INVARIANT 44
test("a key works from its ranges alone, as proxies that are trusted tell the address", async (t) => {
  const kafka = await freshKafka();
  const { producer, url, secret, key } = await openApp(t, kafka, { trustedProxies: ["127.0.0.0/8"] });
  const from = (address: string) => post(url, secret, batchOf([]), { "x-forwarded-for": address });
  assert.equal((await from("203.0.113.1")).status, 202);
  const state = { ...key, cidrs: ["192.0.2.0/24"] };
  const message = { key: key.key_id, value: JSON.stringify(state), headers: nextPosition() };
  await producer.send([{ topic: "catalog.keys", messages: [message] }]);
  await eventually(async () => assert.equal((await from("203.0.113.1")).status, 403), 5000);
  const refused = (await (await from("192.0.2.1, 203.0.113.1")).json()) as { code: string };
  assert.equal(refused.code, "address_not_allowed");
  assert.equal((await from("192.0.2.1")).status, 202);
  const config = (address: string) =>
    fetch(`${url}/v1/telemetry/config`, {
      headers: { authorization: `Bearer ${secret}`, "x-forwarded-for": address },
    });
  assert.deepEqual([(await config("192.0.2.1")).status, (await config("192.0.3.1")).status], [200, 403]);
});

// INVARIANT 63
test("a key in quarantine is refused with a reason of its own, and works when it is confirmed", async (t) => {
  const { producer, key, send } = await started(t);
  const publish = (quarantined: boolean) => {
    const value = JSON.stringify({ ...key, quarantined });
    return producer.send([
      { topic: "catalog.keys", messages: [{ key: key.key_id, value, headers: nextPosition() }] },
    ]);
  };
  assert.equal((await send(batchOf([]))).status, 202);
  await publish(true);
  await eventually(async () => assert.equal((await send(batchOf([]))).status, 403), 5000);
  const refused = (await (await send(batchOf([]))).json()) as { code: string; detail: string };
  assert.equal(refused.code, "key_quarantined");
  assert.match(refused.detail, /:confirm/);
  await publish(false);
  await eventually(async () => assert.equal((await send(batchOf([]))).status, 202), 5000);
});

test("a key of several apps needs to be told which", async (t) => {
  const { producer, url } = await started(t);
  const all = await publishApp(producer, { app_ids: null });
  const batch = batchOf([]);
  const named = { ...batch, package_id: all.app.package_id };
  await eventually(async () => assert.equal((await post(url, all.secret, named)).status, 202));
  assert.equal((await post(url, all.secret, batch)).status, 422);
  const reader = await publishApp(producer, { permissions: ["telemetry:read"] });
  await eventually(async () => assert.equal((await post(url, reader.secret, batch)).status, 403));
});

function latin1(batch: object): Buffer {
  return Buffer.from(JSON.stringify(batch).replace("test", "ü"), "latin1");
}

async function started(t: TestContext) {
  return openApp(t, await freshKafka());
}
