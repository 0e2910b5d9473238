import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { createLogger, createMetrics } from "@mosis/runtime";
import { outboxHeaders, topics } from "@mosis/types/topics";
import {
  createRecordSigner,
  createRecordVerifier,
  ensureTopics,
  followTopics,
  generateSigningKey,
  type IncomingRecord,
  type KafkaConfig,
  openConsumer,
  openProducer,
  publicKeyOf,
  readKafka,
} from "../src/index.ts";

const deadlineMs = 20_000;

test("what was sent in one call to a partition arrives in order, with its headers", async (t) => {
  const kafka = await freshTopics();
  const producer = await openOwnProducer(t, kafka);
  const value = Buffer.alloc(1_200_000, 7);
  await producer.send([
    {
      topic: topics.events,
      messages: [
        { value, partition: 3, headers: { rows: "1", batches: Buffer.from([0, 255]) } },
        { value: "", partition: 3 },
        { value: null, key: "k", partition: 3 },
      ],
    },
    { topic: topics.rejected, messages: [{ value: "no" }] },
  ]);
  const seen = await collect(t, kafka, 3);
  assert.deepEqual(seen[0]?.value, value);
  assert.deepEqual(seen[0]?.headers, { rows: Buffer.from("1"), batches: Buffer.from([0, 255]) });
  assert.deepEqual(
    seen.map(({ key, value: bytes }) => [key?.toString() ?? null, bytes?.length ?? null]),
    [
      [null, 1_200_000],
      [null, 0],
      ["k", null],
    ],
  );
});

test("a record that is too large is refused and does not count as a broken connection", async (t) => {
  const kafka = await freshTopics();
  const producer = await openOwnProducer(t, kafka);
  const send = (bytes: number) =>
    producer.send([{ topic: topics.events, messages: [{ value: Buffer.alloc(bytes), partition: 0 }] }]);
  await assert.rejects(send(1_500_000), /larger than the max message size/);
  await send(10);
  assert.equal(producer.connected(), true);
});

test("a batch whose handler fails comes again, and no later one before it", async (t) => {
  const kafka = await freshTopics();
  const producer = await openOwnProducer(t, kafka);
  for (const value of ["a", "b", "c"]) {
    await producer.send([{ topic: topics.events, messages: [{ value, partition: 0 }] }]);
  }
  const handled: string[] = [];
  let failures = 2;
  const done = Promise.withResolvers<void>();
  const consumer = await openConsumer({ ...kafka, ...consumerOptions, retryPauseMs: 10 }, async (batch) => {
    if (failures-- > 0) throw new Error("not now");
    handled.push(...batch.records.map(({ value }) => String(value)));
    if (handled.length >= 3) done.resolve();
  });
  t.after(() => consumer.close());
  await within(done.promise);
  assert.deepEqual(handled, ["a", "b", "c"]);
});

test("a new member goes on behind what was committed, and the lag says how far that is", async (t) => {
  const kafka = await freshTopics();
  const producer = await openOwnProducer(t, kafka);
  const send = (value: string) =>
    producer.send([{ topic: topics.events, messages: [{ value, partition: 1 }] }]);
  await send("first");
  const group = randomUUID();
  const first = await collectOne(kafka, group);
  await send("second");
  const second = await collectOne(kafka, group);
  assert.deepEqual([first, second], [["first"], ["second"]]);
  await send("third");
  const held = Promise.withResolvers<void>();
  const consumer = await openConsumer({ ...kafka, ...consumerOptions, group }, () => held.promise);
  t.after(() => {
    held.resolve();
    return consumer.close();
  });
  const lag = await consumer.lag();
  assert.deepEqual(
    lag.filter(({ records }) => records > 0),
    [{ topic: topics.events, partition: 1, records: 1, next: 2, isCommitted: true }],
  );
});

test("members that come and go in the middle lose nothing", async (t) => {
  const kafka = await freshTopics();
  const producer = await openOwnProducer(t, kafka);
  const group = randomUUID();
  const handled = new Set<string>();
  const join = () =>
    openConsumer({ ...kafka, ...consumerOptions, group, partitionsAtOnce: 4 }, async ({ records }) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      for (const { value } of records) handled.add(String(value));
    });
  const first = await join();
  let second: Awaited<ReturnType<typeof join>> | undefined;
  const total = 300;
  for (let i = 0; i < total; i++) {
    await producer.send([{ topic: topics.events, messages: [{ value: String(i), partition: i % 4 }] }]);
    if (i === 100) second = await join();
    if (i === 200) await first.close();
  }
  t.after(() => second?.close());
  const until = Date.now() + deadlineMs;
  while (handled.size < total && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(handled.size, total);
});

test("following a topic tells when everything is read, and goes on", async (t) => {
  const kafka = await freshTopics();
  const producer = await openOwnProducer(t, kafka);
  const send = (key: string, value: string | null) =>
    producer.send([{ topic: topics.keys, messages: [{ key, value, headers: nextPosition() }] }]);
  await send("k1", "old");
  await send("k1", "new");
  await send("k2", null);
  const table = new Map<string, string | null>();
  const later = Promise.withResolvers<void>();
  const followed = await followTopics(kafka, {
    topics: [topics.keys, topics.apps],
    onRecord: (topic, key, value) => {
      table.set(`${topic} ${key}`, value === null ? null : value.toString());
      if (key === "k3") later.resolve();
    },
  });
  t.after(() => followed.close());
  await within(followed.caughtUp);
  assert.deepEqual(
    [...table],
    [
      ["catalog.keys k1", "new"],
      ["catalog.keys k2", null],
    ],
  );
  await send("k3", "live");
  await within(later.promise);
});

test("topics that exist get the settings and partitions of the spec", async (t) => {
  const kafka = await freshTopics();
  const changed = {
    [topics.keys]: { partitions: 3, config: { "cleanup.policy": "compact", "segment.ms": "60000" } },
  };
  assert.deepEqual(await ensureTopics(kafka, changed), []);
  assert.deepEqual(await ensureTopics(kafka, changed), []);
  const producer = await openOwnProducer(t, kafka);
  await producer.send([
    { topic: topics.keys, messages: [{ key: "a", value: "b", partition: 2, headers: nextPosition() }] },
  ]);
});

const consumerOptions = {
  group: randomUUID(),
  topics: [topics.events],
  minBytes: 1,
  maxWaitMs: 50,
  maxBytesPerPartition: 1_048_576,
};

const log = createLogger({ service: "test", level: "silent" });
const signingKey = generateSigningKey("test");
let position = 0;

function nextPosition(): Record<string, string> {
  return { [outboxHeaders.position]: String(++position) };
}

async function freshTopics(): Promise<KafkaConfig> {
  const config = {
    ...readKafka(process.env),
    clientId: "test",
    topicPrefix: `t-${randomUUID()}-`,
    log,
    signer: createRecordSigner(signingKey),
    verifier: createRecordVerifier({
      publicKeys: publicKeyOf(signingKey),
      log,
      metrics: createMetrics({ service: "test" }),
    }),
  };
  const size = { "max.message.bytes": "1400000" };
  await ensureTopics(config, {
    [topics.events]: { partitions: 4, config: size },
    [topics.rejected]: { partitions: 1, config: size },
    [topics.keys]: { partitions: 1, config: { "cleanup.policy": "compact" } },
    [topics.apps]: { partitions: 1, config: { "cleanup.policy": "compact" } },
  });
  return config;
}

async function openOwnProducer(t: TestContext, kafka: KafkaConfig) {
  const producer = await openProducer(kafka);
  t.after(() => producer.close());
  return producer;
}

async function collect(t: TestContext, kafka: KafkaConfig, count: number): Promise<IncomingRecord[]> {
  const seen: IncomingRecord[] = [];
  const done = Promise.withResolvers<void>();
  const consumer = await openConsumer(
    { ...kafka, ...consumerOptions, group: randomUUID() },
    async (batch) => {
      seen.push(...batch.records);
      if (seen.length >= count) done.resolve();
    },
  );
  t.after(() => consumer.close());
  await within(done.promise);
  return seen;
}

/** Returns the values of one batch. The member leaves before this resolves, its offset committed. */
async function collectOne(kafka: KafkaConfig, group: string): Promise<string[]> {
  const batch = Promise.withResolvers<string[]>();
  const consumer = await openConsumer({ ...kafka, ...consumerOptions, group }, async ({ records }) => {
    batch.resolve(records.map(({ value }) => String(value)));
  });
  const values = await within(batch.promise);
  await consumer.close();
  return values;
}

async function within<T>(promise: Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(deadlineMs);
  const expired = new Promise<never>((_resolve, reject) => {
    late.addEventListener("abort", () => reject(new Error(`nothing after ${deadlineMs} ms`)));
  });
  return Promise.race([promise, expired]);
}
