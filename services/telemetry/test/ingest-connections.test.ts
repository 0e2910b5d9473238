import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { ProblemBody } from "@mosis/types/problems";
import { openRawClient, type RawAnswer, sendAndEnd } from "@mosis/devstack";
import { batchOf, openApp } from "./sending.ts";
import { freshKafka, newSecret } from "./support.ts";

// INVARIANT 11
test("what HTTP itself refuses is a problem like any other", async (t) => {
  const { url, secret } = await openApp(t, await freshKafka());
  for (const [request, status, code] of [
    [head(secret, "Content-Length: x"), 400, "invalid_request"],
    [head(secret, "Content-Length: 2").replace("Host: x\r\n", ""), 400, "invalid_request"],
    [head(secret, `X-Long: ${"x".repeat(20_000)}`), 431, "header_too_large"],
    [head(secret, "Expect: 200-ok\r\nContent-Length: 2"), 417, "expectation_failed"],
    [head(secret, "Host: y\r\nContent-Length: 2"), 400, "invalid_request"],
    [head(secret, "Transfer-Encoding: chunked").replace("HTTP/1.1", "HTTP/1.0"), 400, "invalid_request"],
    [head(secret, "Authorization: Bearer other\r\nContent-Length: 2"), 400, "invalid_request"],
    [head(secret, "Content-Length: 2").replace("POST /", "POST http://y/"), 400, "invalid_request"],
  ] as const) {
    const [answer] = await sendAndEnd(url, Buffer.from(`${request}{}`));
    assert.deepEqual([answer?.status, codeOf(answer)], [status, code]);
    assert.equal(answer?.headers.get("content-type"), "application/problem+json");
    assert.equal(answer?.headers.get("connection"), "close");
  }
});

test("leave to send a body is given to a good key alone", async (t) => {
  const { url, secret } = await openApp(t, await freshKafka());
  const body = JSON.stringify(batchOf([]));
  const expecting = `Expect: 100-continue\r\nContent-Length: ${body.length}`;
  const good = await asked(t, url, head(secret, expecting), body);
  assert.deepEqual([good.continued, good.answer.status], [true, 202]);
  assert.notEqual(good.answer.headers.get("connection"), "close");
  const bad = await asked(t, url, head(newSecret(), expecting), body);
  assert.deepEqual([bad.continued, bad.answer.status], [false, 401]);
  assert.equal(bad.answer.headers.get("connection"), "close", "nobody knows whether the body will come");
});

test("a request that asks for another protocol is answered, and is the last of its connection", async (t) => {
  const { url, secret } = await openApp(t, await freshKafka());
  const body = JSON.stringify(batchOf([]));
  const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: ${body.length}`;
  const client = openRawClient(url);
  t.after(() => client.close());
  const answer = await client.exchange(Buffer.from(`${head(secret, upgrade)}${body}`));
  assert.deepEqual([answer.status, answer.headers.get("connection")], [202, "close"]);
  const expecting = await asked(t, url, head(secret, `${upgrade}\r\nExpect: 100-continue`), body);
  assert.deepEqual([expecting.answer.status, expecting.answer.headers.get("connection")], [202, "close"]);
});

// A 400 would be taken for the answer to the batch, whose events were stored.
// INVARIANT 11
test("rubbish behind a batch does not answer it", async (t) => {
  const { url, secret } = await openApp(t, await freshKafka());
  const body = JSON.stringify(batchOf([]));
  const whole = `${head(secret, `Content-Length: ${body.length}`)}${body}`;
  const answers = await sendAndEnd(url, Buffer.from(`${whole}rubbish\r\n\r\n`));
  assert.deepEqual(
    answers.filter(({ status }) => status !== 202),
    [],
  );
});

function head(secret: string, rest: string): string {
  return (
    "POST /v1/telemetry/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
    `Authorization: Bearer ${secret}\r\n${rest}\r\n\r\n`
  );
}

/** Sends a head, and the body when there is leave to send it. */
async function asked(t: TestContext, url: string, head: string, body: string) {
  const client = openRawClient(url);
  t.after(() => client.close());
  let continued = false;
  const answer = await client.exchange(Buffer.from(head), () => {
    continued = true;
    return Buffer.from(body);
  });
  return { continued, answer };
}

function codeOf(answer: RawAnswer | undefined): string {
  return (JSON.parse(answer?.body ?? "{}") as ProblemBody).code;
}
