import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { type KafkaConfig, openLagReader } from "@mosis/kafka";
import type { ProblemBody } from "@mosis/types/problems";
import type { BatchAccepted } from "@mosis/types/telemetry";
import { topics } from "@mosis/types/topics";
import { batchOf, eventOf, lineHeaders, openApp, validate } from "./sending.ts";
import { eventually, freshKafka, newSecret, publishApp } from "./support.ts";

type Sent = [body: unknown, headers?: Record<string, string>];

/** Every kind of answer but those that depend on the key. */
function everyKind(): Sent[] {
  const line = JSON.stringify(eventOf({}));
  const mixed = [
    eventOf({ properties: { long: "x".repeat(2000) } }),
    eventOf({ kind: "click" }),
    eventOf({ time: "yesterday" }),
    eventOf({ properties: { large: "x".repeat(40_000) } }),
    7,
  ];
  return [
    [batchOf([eventOf({})])],
    [batchOf([])],
    [batchOf(mixed)],
    [batchOf([eventOf({})], { sent_at: Date.now() - 3_600_000 })],
    [batchOf(Array.from({ length: 1000 }, () => eventOf({ properties: { a: "y".repeat(700) } })))],
    [gzipSync(JSON.stringify(batchOf(mixed))), { "content-encoding": "gzip" }],
    [`${line}\nnot JSON\n${line}`, lineHeaders()],
    [line, lineHeaders({ "mosis-context": "{" })],
    [batchOf([eventOf({})], { sent_at: "now" })],
    [batchOf([eventOf({})], { package_id: "org.nobody.app" })],
    [{ events: [] }],
    ["{"],
    ["{}", { "content-encoding": "gzip" }],
    ["x".repeat(1_048_577)],
    [line, { "content-type": "text/plain" }],
  ];
}

test("validating a batch answers what sending it would", async (t) => {
  const { send, url, secret } = await openApp(t, await freshKafka());
  const statuses = new Set<number>();
  for (const [body, headers] of everyKind()) {
    const sent = await send(body, headers);
    const validated = await validate(url, secret, body, headers);
    assert.equal(validated.status, sent.status === 202 ? 200 : sent.status);
    assert.equal(validated.headers.get("location"), null);
    assert.deepEqual(lasting(await validated.json()), lasting(await sent.json()));
    statuses.add(validated.status);
  }
  assert.deepEqual(statuses, new Set([200, 422, 400, 404, 413, 415]));
});

// Guards: the books balance, for what was only validated is in none of them.
// INVARIANT 8
test("what is validated is neither in Kafka nor in the books", async (t) => {
  const kafka = await freshKafka();
  const { send, url, secret } = await openApp(t, kafka);
  const before = await readBooks(kafka, url);
  const events = [eventOf({}), eventOf({ time: Date.now() - 28 * 86_400_000 }), 7];
  for (let i = 0; i < 10; i++) {
    const answer = await validate(url, secret, batchOf(events));
    const { accepted, rejected } = (await answer.json()) as BatchAccepted;
    assert.deepEqual([answer.status, accepted, rejected], [200, 2, 1]);
  }
  assert.deepEqual(await readBooks(kafka, url), before);

  // The same as a batch is found by the same look.
  assert.equal((await send(batchOf(events))).status, 202);
  const after = await readBooks(kafka, url);
  assert.ok(after.records > before.records);
  assert.notDeepEqual(after.counts, before.counts);
});

test("validating needs the key that sending needs", async (t) => {
  const { url, producer } = await openApp(t, await freshKafka());
  const unknown = await validate(url, newSecret(), batchOf([]));
  assert.equal(((await unknown.json()) as ProblemBody).code, "credentials_invalid");
  const reader = await publishApp(producer, { permissions: ["telemetry:read"] });
  await eventually(async () => assert.equal((await validate(url, reader.secret, batchOf([]))).status, 403));
  const read = await fetch(`${url}/v1/telemetry/batches:validate`);
  assert.deepEqual([read.status, read.headers.get("allow")], [405, "POST"]);
});

test("fields that a batch does not have are ignored, whatever their names", async (t) => {
  const { send, url, secret } = await openApp(t, await freshKafka());
  const batch = batchOf([eventOf({})], { code: "x", detail: "y", errors: 1, form: "ndjson", status: 500 });
  assert.equal((await send(batch)).status, 202);
  assert.equal((await validate(url, secret, batch)).status, 200);
});

/** An answer without what is of the one request. */
function lasting(body: unknown): Partial<BatchAccepted & ProblemBody> {
  return { ...(body as BatchAccepted & ProblemBody), received_at: "", request_id: "", instance: "" };
}

/** How many records the topics hold, and what ingest counts of events. */
async function readBooks(kafka: KafkaConfig, url: string): Promise<{ records: number; counts: string[] }> {
  // A group that has committed nothing lags by everything there is.
  const reader = openLagReader(kafka, { group: randomUUID(), topics: [topics.events, topics.rejected] });
  try {
    const lags = await reader.read();
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const counts = metrics.split("\n").filter((line) => /^ingest_(events|body|flush|requests)/.test(line));
    return { records: lags.reduce((sum, { records }) => sum + records, 0), counts };
  } finally {
    await reader.close();
  }
}
