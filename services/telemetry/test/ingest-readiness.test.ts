import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { freePorts, kafkaLogin, readPasswords, startKafka } from "@mosis/devstack";
import { ensureTopics, openProducer } from "@mosis/kafka";
import { deleteRecordsBefore, remakeTopics } from "@mosis/kafka/testing";
import { stateTopics, topics } from "@mosis/types/topics";
import { batchOf, eventOf, openApp, post } from "./sending.ts";
import {
  eventually,
  freshKafka,
  newSecret,
  nextPosition,
  publishApp,
  publishCompleteness,
  publishStates,
  readTopics,
  restrict,
  startIngest,
  untilReady,
} from "./support.ts";

// INVARIANTS 42, 71
test("nothing is judged before every key is read: a known key is never called unknown", async (t) => {
  const kafka = await freshKafka();
  const producer = await openProducer(kafka);
  t.after(() => producer.close());
  const filler = Buffer.alloc(2000, 32);
  for (let i = 0; i < 20; i++) {
    const messages = Array.from({ length: 400 }, (_, k) => ({
      key: `filler-${i}-${k}`,
      value: filler,
      headers: nextPosition(),
    }));
    await producer.send([{ topic: topics.keys, messages }]);
  }
  const { secret } = await publishApp(producer);
  const { url } = await startIngest(t, kafka);
  const seen: number[] = [];
  await eventually(async () => {
    const { status } = await post(url, secret, batchOf([]));
    seen.push(status);
    assert.equal(status, 202);
  });
  assert.equal(seen[0], 503, "the first request came too late to prove anything");
  assert.deepEqual(new Set(seen), new Set([503, 202]));
  await eventually(async () => assert.equal((await fetch(`${url}/readyz`)).status, 200));
});

// INVARIANT 71
test("a Kafka that has lost its keys is waited for, and no valid key is called unknown", async (t) => {
  const kafka = await freshKafka();
  const keepUp = { checkIntervalMs: 50 };
  const { url, producer } = await startIngest(t, kafka, { keepUp });
  await untilReady(url);
  const published = await publishApp(producer);
  const { app, key, secret } = published;
  const statuses: number[] = [];
  const status = async (target = url) => {
    const { status: answered, headers } = await post(target, secret, batchOf([]));
    statuses.push(answered);
    assert.ok(answered !== 503 || Number(headers.get("retry-after")) > 0);
    return answered;
  };
  await eventually(async () => assert.equal(await status(), 202));
  await restrict(producer, { app_id: app.app_id });

  await remakeTopics(kafka, readTopics(stateTopics));
  await eventually(async () => assert.equal(await status(), 503));
  await eventually(async () => {
    const ready = await fetch(`${url}/readyz`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /has not published all of catalog/);
  });
  // Who starts now finds topics that are empty, as on a platform that is new.
  const other = await startIngest(t, kafka, { keepUp });
  await eventually(async () => assert.equal(await status(other.url), 503));

  // As the relay does: the states, and behind them that this is all. The restriction was lifted meanwhile.
  await eventually(() => publishStates(producer, { app, key }));
  assert.equal(await status(other.url), 503);
  await publishCompleteness(kafka);
  for (const target of [url, other.url]) {
    await untilReady(target);
    const answer = await post(target, secret, batchOf([eventOf({})]));
    assert.deepEqual([answer.status, ((await answer.json()) as { accepted: number }).accepted], [202, 1]);
  }
  assert.deepEqual(new Set(statuses), new Set([202, 503]));

  // Records that vanish from the beginning are missed by who starts, and by nobody else.
  await ensureTopics(kafka, {
    [topics.keys]: { partitions: 1, config: { "cleanup.policy": "compact,delete" } },
  });
  await deleteRecordsBefore(kafka, { topic: topics.keys, partition: 0, offset: 1 });
  const late = await startIngest(t, kafka, { keepUp });
  await eventually(async () => assert.equal(await status(late.url), 503));
  assert.equal(await status(), 202);
});

// INVARIANT 42
test("a key works from its first request, although its record is still on its way", async (t) => {
  const kafka = await freshKafka();
  const { url, producer } = await startIngest(t, kafka);
  await untilReady(url);
  const secret = newSecret();
  const key_hash = createHash("sha256").update(secret).digest("hex");
  const early = [post(url, secret, batchOf([])), post(url, secret, batchOf([]))];
  await publishApp(producer, { key_hash });
  for (const answer of await Promise.all(early)) assert.equal(answer.status, 202);
  // Nobody waits for what does not come.
  assert.equal((await post(url, newSecret(), batchOf([]))).status, 401);
});

// INVARIANT 72
test("ingest whose clock is not Kafka's is not ready, and says by how much", async (t) => {
  const { send, url } = await openApp(t, await freshKafka());
  const rightTime = Date.now;
  t.after(() => (Date.now = rightTime));
  // Again and again: a send that began before the clock was set tells of the clock of before.
  const readiness = (aheadMs: number, status: number, detail: RegExp) => {
    Date.now = () => rightTime() + aheadMs;
    return eventually(async () => {
      assert.equal((await send(batchOf([eventOf({})]))).status, 202);
      const answer = await fetch(`${url}/readyz`);
      assert.equal(answer.status, status);
      assert.match(await answer.text(), detail);
    });
  };
  await readiness(0, 200, /"ready"/);
  await readiness(1_800_000, 503, /This clock is 1800 s ahead of Kafka's/);
  await readiness(-1_800_000, 503, /This clock is -1800 s ahead of Kafka's/);
  await readiness(0, 200, /"ready"/);
});

// INVARIANT 3
test("while Kafka is away requests get 503 and Retry-After, and afterwards all works again", async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "mosis-kafka-"));
  t.after(() => rmSync(dataDir, { recursive: true, force: true }));
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const start = () => startKafka({ dataDir, port, controllerPort, cacheDir: null });
  let broker = await start();
  t.after(() => broker.stop());
  const { send, url, producer } = await openApp(t, await freshKafka(brokerOf(dataDir, port)));
  assert.equal((await send(batchOf([eventOf({})]))).status, 202);

  await broker.kill();
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(batchOf([eventOf({})]))));
  for (const answer of answers) {
    assert.equal(answer.status, 503);
    assert.ok(Number(answer.headers.get("retry-after")) > 0);
  }
  assert.equal((await send("this is not even read")).status, 503);
  await eventually(async () => assert.equal((await fetch(`${url}/readyz`)).status, 503));

  broker = await start();
  await eventually(async () => assert.equal((await send(batchOf([eventOf({})]))).status, 202));
  await eventually(async () => assert.equal((await fetch(`${url}/readyz`)).status, 200));
  // The access table goes on where it was: new keys work, revoked ones stop.
  const other = await publishApp(producer);
  await eventually(async () => assert.equal((await post(url, other.secret, batchOf([]))).status, 202));
  await producer.send([
    { topic: topics.keys, messages: [{ key: other.key.key_id, value: null, headers: nextPosition() }] },
  ]);
  await eventually(async () => assert.equal((await post(url, other.secret, batchOf([]))).status, 401), 5000);
});

function brokerOf(dataDir: string, port: number): Record<string, string> {
  return { KAFKA_BROKERS: `127.0.0.1:${port}`, ...kafkaLogin(readPasswords(dataDir), "kafka-admin") };
}
