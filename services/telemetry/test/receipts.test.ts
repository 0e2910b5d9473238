import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import type { OutgoingRecord, Producer } from "@mosis/kafka";
import type { ProblemBody } from "@mosis/types/problems";
import type { Receipt } from "@mosis/types/telemetry";
import { recordHeaders, topics } from "@mosis/types/topics";
import { get, publishFurtherApp, publishReader, startQuery } from "./reading.ts";
import { batchOf, eventOf, openApp } from "./sending.ts";
import { openStoreDoor } from "./store-door.ts";
import { deliveryBlock, eventsRecord, freshStore, openTestProducer, startTestWriter } from "./stored.ts";
import { eventually, freshKafka, newSecret, nextPosition, publishApp } from "./support.ts";

test("a receipt sums up the deliveries of its batch", async (t) => {
  const { kafka, url, storeUrl } = await openQuery(t);
  const { send, secret, app } = await openApp(t, kafka);
  await startTestWriter(t, kafka, storeUrl);
  const batch = batchOf([eventOf({}), eventOf({}), eventOf({ name: "" })]);
  for (let attempt = 0; attempt < 2; attempt++) assert.equal((await send(batch)).status, 202);

  const receipt = await eventually(async () => {
    const { body } = await receiptOf(url, batch.batch_id, secret);
    assert.equal(body.deliveries, 2);
    assert.notEqual(body.package_id, null);
    return body;
  });
  const { first_received_at, stored_at, ...rest } = receipt;
  const { batch_id } = batch;
  const { package_id } = app;
  assert.deepEqual(rest, {
    batch_id,
    package_id,
    state: "stored",
    deliveries: 2,
    accepted: 4,
    rejected: 2,
    dropped: 0,
  });
  assert.match(first_received_at ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Date.parse(stored_at ?? "") >= Date.parse(first_received_at ?? ""));
  assert.deepEqual((await receiptOf(url, batch_id.toUpperCase(), secret)).body, receipt);
});

test("a batch with a record set aside is dead-lettered, also when it came whole once", async (t) => {
  const { kafka, url, storeUrl, producer } = await openQuery(t);
  const reader = await publishReader(url, producer);
  const { app_id } = reader.app;
  const batch_id = randomUUID();
  const good = () => eventsRecord([{ app_id, client_time: Date.now(), key: 1 }], delivery());
  const delivery = () => deliveryBlock({ app_id, batch_id, accepted: 1 });
  const unknown = { ...good().headers, [recordHeaders.format]: "2" };
  await sendEvents(producer, 0, good());
  await sendEvents(producer, 1, { ...good(), headers: unknown }, eventsRecord([], delivery()));
  await startTestWriter(t, kafka, storeUrl);
  await eventually(async () => {
    const { body } = await receiptOf(url, batch_id, reader.secret);
    assert.deepEqual([body.state, body.deliveries, body.accepted], ["dead_lettered", 2, 2]);
  });
});

// Guards the invariants "an acknowledged event is never lost" and "a resource that is not yours answers
// exactly like one that does not exist" (INVARIANTS.md).
// INVARIANT 7
test("what is acknowledged is in flight until it is stored, never a 404", async (t) => {
  const { kafka, url, storeUrl, producer } = await openQuery(t);
  const { send, secret } = await openApp(t, kafka);
  const stranger = await publishReader(url, producer);
  const batch = batchOf([eventOf({})]);
  const unknown = randomUUID();
  const first = await startTestWriter(t, kafka, storeUrl);
  await eventually(async () => assert.equal((await receiptOf(url, unknown, secret)).status, 404));
  await first.close();

  assert.equal((await send(batch)).status, 202);
  for (const [id, token] of [
    [batch.batch_id, secret],
    [batch.batch_id, stranger.secret],
    [unknown, secret],
  ] as const) {
    const answer = await receiptOf(url, id, token);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, inFlight(id));
  }

  await startTestWriter(t, kafka, storeUrl);
  const seen = new Set<number | string>();
  await eventually(async () => {
    const { status, body } = await receiptOf(url, batch.batch_id, secret);
    seen.add(status === 200 ? body.state : status);
    assert.equal(body.state, "stored");
  });
  assert.ok(!seen.has(404), "an acknowledged batch was called unknown");
  await eventually(async () => assert.equal((await receiptOf(url, unknown, secret)).status, 404));
  const foreign = await receiptOf(url, batch.batch_id, stranger.secret);
  assert.equal(foreign.status, 404);
});

// Guards the invariant "a resource that is not yours answers exactly like one that does not exist".
// INVARIANT 40
test("a batch of somebody else, or of an app the key does not serve, is missing byte for byte", async (t) => {
  const { kafka, url, storeUrl, producer } = await openQuery(t);
  const owner = await publishReader(url, producer);
  const stranger = await publishReader(url, producer);
  const sibling = await publishFurtherApp(producer, owner.app.developer_id);
  const { developer_id } = owner.app;
  const limited = await publishReader(url, producer, { developer_id, app_ids: [sibling.app_id] });
  const thief = await publishReader(url, producer, { app_ids: [owner.app.app_id] });
  const batch_id = randomUUID();
  await sendEvents(producer, 0, eventsRecord([], deliveryOf(owner.app.app_id, batch_id)));
  await startTestWriter(t, kafka, storeUrl);
  await eventually(async () => {
    assert.equal((await receiptOf(url, batch_id, owner.secret)).body.state, "stored");
  });
  const asked = await eventually(async () => {
    const answer = await problemText(url, randomUUID(), owner.secret);
    assert.equal(answer.status, 404);
    return answer;
  });
  for (const [who, { secret }] of Object.entries({ stranger, limited, thief })) {
    assert.deepEqual(await problemText(url, batch_id, secret), asked, who);
  }
  for (const id of ["1", "not-a-uuid", `${batch_id}0`, "%00", "..%2f"]) {
    assert.deepEqual(await problemText(url, id, owner.secret), asked, id);
  }

  // The same batch id in an app that the limited key serves is another batch.
  await sendEvents(producer, 1, eventsRecord([], deliveryOf(sibling.app_id, batch_id)));
  await eventually(async () => {
    const { body } = await receiptOf(url, batch_id, limited.secret);
    assert.deepEqual([body.state, body.deliveries], ["stored", 1]);
  });
});

test("only a key that may write or read telemetry gets receipts, and a revoked one stops", async (t) => {
  const { url, producer } = await openQuery(t);
  const status = async (token: string | null) => (await receiptOf(url, randomUUID(), token)).status;
  for (const [permission, expected] of [
    // Nothing is stored and no writer ever ran, so what is unknown may be in flight.
    ["telemetry:write", 200],
    ["telemetry:read", 200],
    ["audit:read", 403],
  ] as const) {
    const { secret } = await publishReader(url, producer, { permissions: [permission] });
    assert.equal(await status(secret), expected, permission);
  }
  for (const token of [null, newSecret(), "x"]) assert.equal(await status(token), 401);
  const session = await get(`${url}/v1/telemetry/batches/${randomUUID()}`, "ms_live_abc");
  assert.equal(session.status, 401);
  assert.match(session.body.detail, /use a management key/);
  assert.ok(session.headers.get("www-authenticate"));

  const { secret, key } = await publishApp(producer, {});
  await eventually(async () => assert.equal(await status(secret), 200));
  await producer.send([
    { topic: topics.keys, messages: [{ key: key.key_id, value: null, headers: nextPosition() }] },
  ]);
  await eventually(async () => assert.equal(await status(secret), 401), 5000);
});

test("while ClickHouse is away there is a 503 that says when to come back", async (t) => {
  const [kafka, { url: storeUrl }] = await Promise.all([freshKafka(), freshStore(t)]);
  const door = await openStoreDoor(t, storeUrl);
  const url = await startQuery(t, kafka, door.url);
  const { secret } = await publishReader(url, await openTestProducer(t, kafka));
  door.shut();
  for (const path of [`/v1/telemetry/batches/${randomUUID()}`, "/v1/audit"]) {
    const answer = await get(url + path, secret);
    assert.equal(answer.status, 503);
    assert.equal(answer.body.code, "unavailable");
    assert.ok(Number(answer.headers.get("retry-after")) > 0);
  }
  // What was found is everybody's for a second.
  await eventually(async () => {
    const ready = await get<{ checks: Record<string, { ready: boolean }> }>(`${url}/readyz`, null);
    assert.equal(ready.status, 503);
    const verdicts = Object.entries(ready.body.checks).map(([name, verdict]) => [name, verdict.ready]);
    // Without ClickHouse nobody knows what its clock says.
    const others = { access_table: true, kafka: true };
    assert.deepEqual(Object.fromEntries(verdicts), { ...others, clickhouse: false, clock: false });
  });
  door.open();
  await eventually(async () => assert.equal((await get(`${url}/v1/audit`, secret)).status, 200));
});

async function openQuery(t: TestContext) {
  const [kafka, { url: storeUrl }] = await Promise.all([freshKafka(), freshStore(t)]);
  const producer = await openTestProducer(t, kafka);
  const url = await startQuery(t, kafka, storeUrl);
  return { kafka, storeUrl, producer, url };
}

function receiptOf(url: string, batchId: string, token: string | null) {
  return get<Receipt>(`${url}/v1/telemetry/batches/${batchId}`, token);
}

/** An answer without what names the request itself. */
async function problemText(url: string, batchId: string, token: string) {
  const answer = await fetch(`${url}/v1/telemetry/batches/${batchId}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const text = await answer.text();
  const { request_id, instance } = JSON.parse(text) as ProblemBody;
  const { date: _date, ...headers } = Object.fromEntries(answer.headers);
  return {
    status: answer.status,
    text: text.replace(request_id, "").replace(instance, ""),
    headers: { ...headers, "x-request-id": "", "content-length": "" },
  };
}

function sendEvents(producer: Producer, partition: number, ...records: OutgoingRecord[]): Promise<void> {
  const messages = records.map((record) => ({ ...record, partition }));
  return producer.send([{ topic: topics.events, messages }]);
}

function deliveryOf(app_id: string, batch_id: string): Buffer {
  return deliveryBlock({ app_id, batch_id, accepted: 1 });
}

function inFlight(batch_id: string): Receipt {
  const counts = { deliveries: 0, accepted: 0, rejected: 0, dropped: 0 };
  const unknown = { package_id: null, first_received_at: null, stored_at: null };
  return { batch_id, state: "in_flight", ...counts, ...unknown };
}
