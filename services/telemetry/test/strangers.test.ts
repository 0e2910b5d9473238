import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { WasteLimits } from "../src/ingest/door/waste.ts";
import { batchOf, eventOf, openApp, post } from "./sending.ts";
import { eventually, freshKafka, newSecret } from "./support.ts";

const little: WasteLimits = { addressMsPerSecond: 1, keyMsPerSecond: 1000 };
const gzip = { "content-encoding": "gzip" };

// INVARIANT 67
test("nothing of a stranger's body is parsed, wherever the key should be", async (t) => {
  const { url, secret } = await openApp(t, await freshKafka());
  const call = (key: string) => `{"type":"track","event":"a","writeKey":"${key}",`;
  const bomb = gzipSync(Buffer.alloc(5_000_000, "[1,"));
  // Parsed or inflated, each of these would be another refusal: 400, 413 or 422.
  const strangers: [string, string | Buffer, Record<string, string>, string][] = [
    ["/v1/track", `${call(newSecret())}[[[`, {}, "credentials_invalid"],
    ["/v1/track", `${call(secret.slice(0, -1))}[[[`, {}, "credentials_invalid"],
    ["/v1/batch", `{"batch":[${"1,".repeat(200_000)}`, {}, "credentials_missing"],
    ["/v1/batch", bomb, gzip, "credentials_missing"],
    ["/v1/batch", "no gzip", gzip, "credentials_missing"],
    ["/v1/telemetry/batches", bomb, gzip, "credentials_missing"],
    ["/v1/logs", "[[[", {}, "credentials_missing"],
  ];
  for (const [route, body, headers, code] of strangers) {
    const answer = await send(url + route, body, headers);
    const text = await answer.text();
    assert.equal(answer.status, 401, text);
    assert.ok(text.includes(code), `${route}: ${text}`);
  }
  const large = await send(`${url}/v1/batch`, " ".repeat(600_000));
  assert.deepEqual([large.status, large.headers.get("connection")], [413, "close"]);
  // The key may stand at the end of a large body, behind calls that speak of others; parsed, it is the one.
  const calls = Array.from({ length: 1000 }, (_, n) => {
    const properties = { writeKey: `${n}`, a: "x".repeat(150) };
    return { type: "track", event: "a", timestamp: new Date().toISOString(), properties };
  });
  const behind = (writeKey: string) => JSON.stringify({ batch: calls, writeKey });
  assert.equal((await send(`${url}/v1/batch`, behind(secret))).status, 200);
  const within = JSON.stringify({ ...calls[0], properties: { writeKey: secret } });
  assert.equal((await send(`${url}/v1/track`, within)).status, 401, "it is not the key of the request");
});

// INVARIANT 67
test("a stranger is answered before the body is sent, and the rest is not read", async (t) => {
  const { url } = await openApp(t, await freshKafka());
  const heads = [
    ["/v1/telemetry/batches", "Content-Length: 1000000", 401],
    ["/v1/telemetry/batches", "Transfer-Encoding: chunked", 401],
    ["/v1/logs", "Content-Length: 16000000", 401],
    ["/v1/batch", "Content-Length: 1000000", 413],
  ] as const;
  for (const [route, length, status] of heads) {
    const socket = await opened(t, url, `POST ${route} HTTP/1.1\r\nHost: x\r\n${type}${length}\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as Buffer[];
    assert.match(String(answer), new RegExp(`^HTTP/1.1 ${status} `), route);
    assert.match(String(answer), /\r\nConnection: close\r\n/, `${route} ${length}`);
    await once(socket, "close");
  }
});

// INVARIANT 10
test("a body that arrives in single bytes is given up", async (t) => {
  const { url, secret } = await openApp(t, await freshKafka());
  const [open, keyed] = ["", `Authorization: Bearer ${secret}\r\n`];
  for (const [route, key, pieces] of [
    ["/v1/batch", open, 300],
    ["/v1/telemetry/batches", keyed, 4200],
  ] as const) {
    const head = `POST ${route} HTTP/1.1\r\nHost: x\r\n${type}${key}Transfer-Encoding: chunked\r\n\r\n`;
    const socket = await opened(t, url, head);
    socket.write("1\r\n \r\n".repeat(pieces));
    const [answer] = (await once(socket, "data")) as Buffer[];
    assert.match(String(answer), /^HTTP\/1.1 413 /);
    assert.match(String(answer), / pieces\./);
  }
});

// INVARIANT 68
test("an address without a good key waits when it has tried too often, and others do not", async (t) => {
  const options = { waste: little, trustedProxies: ["127.0.0.0/8"] };
  const { url, secret } = await openApp(t, await freshKafka(), options);
  const from = (address: string, key = "nobody") =>
    post(url, key, batchOf([]), { "x-forwarded-for": address });
  const refused = await eventually(async () => {
    const answer = await from("2001:db8::1");
    assert.equal(answer.status, 429);
    return answer;
  });
  assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/);
  assert.equal(((await refused.json()) as { code: string }).code, "rate_limited");
  assert.equal((await from("2001:db8::ffff:2")).status, 429, "a subscriber has all of a /64");
  assert.equal((await from("2001:db8:0:1::1")).status, 401);
  assert.equal((await from("192.0.2.1")).status, 401);
  assert.equal((await from("2001:db8::1", secret)).status, 202, "whoever has a good key is no stranger");
  const segment = await fetch(`${url}/v1/track`, {
    method: "POST",
    headers: { "x-forwarded-for": "2001:db8::1" },
    body: "{}",
  });
  assert.equal(segment.status, 429);
  const config = (address: string, key: string) => {
    const headers = { "x-forwarded-for": address, authorization: `Bearer ${key}` };
    return fetch(`${url}/v1/telemetry/config`, { headers });
  };
  assert.equal((await config("2001:db8::1", "nobody")).status, 429, "the rules are asked for like this, too");
  assert.equal((await config("2001:db8::1", secret)).status, 200);
  await eventually(async () => assert.equal((await config("192.0.2.7", "nobody")).status, 429));
});

test("an address that goes on although it owes is not let in", async (t) => {
  // What it owes takes minutes to come back: the test may be slow.
  const waste: WasteLimits = { addressMsPerSecond: 0.01, keyMsPerSecond: 1000 };
  const { url, secret } = await openApp(t, await freshKafka(), { waste });
  await eventually(() => assert.rejects(post(url, "nobody", batchOf([]), { connection: "close" })));
  await assert.rejects(post(url, secret, batchOf([]), { connection: "close" }));
});

// INVARIANT 68
test("an address whose costly batches are refused waits, and others with the same key do not", async (t) => {
  const options = { waste: little, trustedProxies: ["127.0.0.0/8"] };
  const { url, secret } = await openApp(t, await freshKafka(), options);
  const from = (address: string, body: unknown) =>
    post(url, secret, body, { "x-forwarded-for": address, ...(Buffer.isBuffer(body) ? gzip : {}) });
  const costly = gzipSync(JSON.stringify({ events: [], x: Array(500_000).fill("y") }));
  const waits = () => eventually(async () => assert.equal((await from("192.0.2.1", costly)).status, 429));
  await waits();
  const good = batchOf([eventOf({})]);
  assert.equal((await from("192.0.2.1", good)).status, 429);
  assert.equal((await from("192.0.2.2", good)).status, 202);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, /^ingest_requests_total\{status="429",service="test"\} [1-9]/m);
});

const type = "Content-Type: application/json\r\n";

function send(target: string, body: string | Buffer, headers: Record<string, string> = {}) {
  return fetch(target, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: body as string | Uint8Array<ArrayBuffer>,
  });
}

async function opened(t: TestContext, url: string, start: string): Promise<Socket> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  await once(socket, "connect");
  socket.write(start);
  return socket;
}
