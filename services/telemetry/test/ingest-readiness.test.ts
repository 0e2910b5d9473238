import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { freePorts, kafkaLogin, readPasswords, startKafka } from "@mosis/devstack";
import { openProducer } from "@mosis/kafka";
import { topics } from "@mosis/types/topics";
import { batchOf, eventOf, openApp, post } from "./sending.ts";
import {
  eventually,
  freshKafka,
  newSecret,
  nextPosition,
  publishApp,
  startIngest,
  untilReady,
} from "./support.ts";

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
