import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { openClickHouse } from "@mosis/clickhouse";
import type { KafkaConfig } from "@mosis/kafka";
import { createMetrics } from "@mosis/runtime";
import type { Erasure } from "@mosis/types/erasures";
import type { ProblemBody } from "@mosis/types/problems";
import { createDeadLetter } from "../src/writer/dead-letter.ts";
import { startDeleter } from "../src/writer/deleting/deleter.ts";
import { createRetry } from "../src/writer/retry.ts";
import { askErasure } from "./erasure-requests.ts";
import { get, publishReader, startQuery } from "./reading.ts";
import { batchOf, eventOf, openApp } from "./sending.ts";
import { openStoreDoor } from "./store-door.ts";
import { countOf, freshStore, openTestProducer, startTestWriter, untilCount } from "./stored.ts";
import { eventually, freshKafka, log, storeTimeoutMs } from "./support.ts";

// INVARIANT 18
test("what an install has sent is erased for good, with a proof, and the other's stays", async (t) => {
  const { kafka, url, store, storeUrl, producer, owner, send } = await setUp(t);
  const [erased, other] = [randomUUID(), randomUUID()];
  const writer = await startTestWriter(t, kafka, storeUrl);
  for (const install_id of [erased, other]) await send(install_id, 3);
  await untilCount(store, "events", 6);
  await untilCount(store, "rejected_events", 2);
  await writer.close();
  // Acknowledged before the erasure is asked for, and stored by nobody yet.
  await send(erased, 2);

  const request = await askErasure(producer, owner.app, erased);
  const path = `${url}${pathOf(owner.app)}/${request.erasure_id}`;
  await eventually(async () =>
    assert.equal((await get<Erasure>(path, owner.secret)).body.state, "requested"),
  );
  const deleting = await startTestDeleter(t, kafka, storeUrl);
  await eventually(async () => assert.ok((await deleting.sweptAt()) > 0, "it has the partition"));
  assert.equal(await countOf(store, "erasures_raw"), 0, "it waits for what is not stored");
  await startTestWriter(t, kafka, storeUrl);
  const proof = await eventually(async () => {
    const { body } = await get<Erasure>(path, owner.secret);
    assert.equal(body.state, "erased");
    return body;
  });
  const raw = (install_id: string) => countOf(store, `events_raw where install_id = '${install_id}'`);
  assert.deepEqual([await raw(erased), await raw(other)], [0, 3]);
  assert.equal(await countOf(store, "rejected_events"), 1);
  const { events_erased, rejected_erased, remaining } = proof;
  assert.deepEqual(
    { events_erased, rejected_erased, remaining },
    { events_erased: 5, rejected_erased: 2, remaining: 0 },
  );
  assert.equal(proof.proof, hashOf(proof));
  assert.equal(proof.install_hash, createHash("sha256").update(erased).digest("hex"));
  const expiry = Date.parse(proof.kafka_expired_at ?? "") - Date.parse(proof.received_before ?? "");
  assert.ok(expiry > 48 * 3_600_000);

  // What comes after it is kept: the app has not forgotten the install.
  await send(erased, 1);
  await untilCount(store, `events where install_id = '${erased}'`, 1);
});

// INVARIANT 40
test("an erasure of somebody else is missing byte for byte, and no list has it", async (t) => {
  const { kafka, url, storeUrl, producer, owner } = await setUp(t);
  const stranger = await publishReader(url, producer, { permissions: ["telemetry:erase", "audit:read"] });
  const { developer_id } = owner.app;
  const limited = await publishReader(url, producer, {
    developer_id,
    app_ids: [randomUUID()],
    permissions: ["telemetry:erase", "audit:read"],
  });
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) ids.unshift((await askErasure(producer, owner.app, randomUUID())).erasure_id);
  const id = ids[0] as string;
  const list = async (query: string, secret: string) =>
    (
      await get<{ data: Erasure[]; page: { next_cursor: string | null } }>(
        `${url}${pathOf(owner.app)}${query}`,
        secret,
      )
    ).body;
  const look = async () => {
    const ofNobody = { package_id: "org.mosis.nobody" };
    const missing = await problemText(url, ofNobody, id, stranger.secret);
    for (const { secret } of [stranger, limited]) {
      assert.deepEqual(await problemText(url, owner.app, id, secret), missing);
      assert.equal((await get(`${url}${pathOf(owner.app)}`, secret)).status, 404);
    }
    // In an app of the stranger's own it is as unknown as any other.
    const unknown = await problemText(url, stranger.app, randomUUID(), stranger.secret);
    assert.deepEqual(await problemText(url, stranger.app, id, stranger.secret), unknown);
    assert.deepEqual(await problemText(url, owner.app, randomUUID(), owner.secret), unknown);
    assert.deepEqual([missing.status, unknown.status], [404, 404]);
    const first = await list("?limit=2", owner.secret);
    const second = await list(`?limit=2&cursor=${first.page.next_cursor}`, owner.secret);
    assert.deepEqual(
      [...first.data, ...second.data].map((erasure) => erasure.id),
      ids,
    );
    assert.equal(second.page.next_cursor, null);
    return first.data[0]?.state;
  };
  await eventually(async () => assert.equal((await list("", owner.secret)).data.length, 3));
  assert.equal(await look(), "requested");
  await startTestWriter(t, kafka, storeUrl);
  await eventually(async () => {
    const { data } = await list("", owner.secret);
    assert.ok(data.every(({ state }) => state === "erased"));
  });
  assert.equal(await look(), "erased");
  const reader = await publishReader(url, producer);
  assert.equal((await get(`${url}${pathOf(owner.app)}`, reader.secret)).status, 403);
});

// INVARIANT 18
test("a writer that ends in the middle leaves an erasure to the next, which counts no less", async (t) => {
  const { kafka, url, store, storeUrl, producer, owner, send } = await setUp(t);
  const erased = randomUUID();
  const door = await openStoreDoor(t, storeUrl);
  await send(erased, 4);
  const first = await startTestWriter(t, kafka, door.url);
  await untilCount(store, "events", 4);
  // Deleted, and the writer is never told so.
  door.withholdAnswersOf("alter table events_raw");
  const { erasure_id } = await askErasure(producer, owner.app, erased);
  await untilCount(store, "events_raw", 0);
  door.shut();
  void first.close();
  await startTestWriter(t, kafka, storeUrl);
  const { body } = await eventually(async () => {
    const answer = await get<Erasure>(`${url}${pathOf(owner.app)}/${erasure_id}`, owner.secret);
    assert.equal(answer.body.state, "erased");
    return answer;
  }, 60_000);
  assert.deepEqual([body.events_erased, body.rejected_erased, body.remaining], [4, 1, 0]);
  assert.equal(await countOf(store, "erasures"), 1);
});

async function setUp(t: TestContext) {
  const [kafka, { url: storeUrl, store }] = await Promise.all([freshKafka(), freshStore(t)]);
  const producer = await openTestProducer(t, kafka);
  const url = await startQuery(t, kafka, storeUrl);
  const { send: sendBatch, app } = await openApp(t, kafka);
  const { developer_id } = app;
  const key = await publishReader(url, producer, {
    developer_id,
    permissions: ["telemetry:erase", "audit:read"],
  });
  /** So many good events, and one that is refused. */
  const send = async (install_id: string, count: number) => {
    const events = [...Array.from({ length: count }, () => eventOf({})), eventOf({ name: "" })];
    assert.equal((await sendBatch(batchOf(events, { context: { install_id } }))).status, 202);
  };
  return { kafka, url, store, storeUrl, producer, send, owner: { app, secret: key.secret } };
}

/** What deletes, of a writer that stores nothing. */
async function startTestDeleter(t: TestContext, kafka: KafkaConfig, storeUrl: string) {
  const metrics = createMetrics({ service: "test" });
  const retry = createRetry({ log, pauseMinMs: 100, pauseMaxMs: 1000 });
  const producer = await openTestProducer(t, kafka);
  const deadLetter = createDeadLetter({ producer, retry, log, onSent: () => {} });
  const store = openClickHouse({ url: storeUrl, log, requestTimeoutMs: storeTimeoutMs });
  const shared = { kafka, store, retry, deadLetter, log, metrics, sweepIntervalMs: 86_400_000 };
  const sweepLimits = { quietDaysMax: 3, percentMax: 50 };
  const deleter = await startDeleter({ ...shared, sweepLimits, deliveriesKeptDays: 400, now: Date.now });
  t.after(async () => {
    await deleter.close();
    await store.close();
  });
  const sweptAt = async () =>
    (await metrics.registry.getSingleMetric("writer_sweep_timestamp_seconds")?.get())?.values[0]?.value ?? 0;
  return { sweptAt };
}

function pathOf({ package_id }: { package_id: string }): string {
  return `/v1/apps/${package_id}/telemetry/erasures`;
}

/** As docs/api.md has it. */
function hashOf(erasure: Erasure): string {
  const { id, app_id, install_hash, requested_at, received_before, completed_at } = erasure;
  const { events_erased, rejected_erased, remaining, kafka_expired_at } = erasure;
  const fields = [id, app_id, install_hash, requested_at, received_before, completed_at];
  const all = JSON.stringify([...fields, events_erased, rejected_erased, remaining, kafka_expired_at]);
  return createHash("sha256").update(all).digest("hex");
}

async function problemText(url: string, app: { package_id: string }, id: string, token: string) {
  const answer = await fetch(`${url}${pathOf(app)}/${id}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { request_id, instance, ...body } = (await answer.json()) as ProblemBody;
  assert.ok(request_id.length > 0 && instance.endsWith(id));
  return { status: answer.status, type: answer.headers.get("content-type"), body };
}
