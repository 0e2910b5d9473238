// A follower goes on with what the topics have now: when they were made again, and when no records come.
import assert from "node:assert/strict";
import { test } from "node:test";
import { topics } from "@mosis/types/topics";
import { ensureTopics, followTopics, openProducer, type RecordVerifier } from "../src/index.ts";
import { remakeTopics } from "../src/testing.ts";
import { eventually, freshKafka } from "./support.ts";

// Kafka's data may be lost, and its topics made again, under processes that go on.
// INVARIANT 71
test("a topic that was made anew is read from its beginning, however long it is now", async (t) => {
  const kafka = await freshKafka();
  const producer = await openProducer(kafka);
  t.after(() => producer.close());
  const send = (...values: string[]) =>
    producer.send([{ topic: topics.usage, messages: values.map((value) => ({ value, partition: 0 })) }]);
  let read: string[] = [];
  let readings = 0;
  const followed = await followTopics(kafka, {
    topics: [topics.usage],
    checkIntervalMs: 100,
    maxWaitMs: 50,
    onRecord: (_topic, _key, value) => read.push(String(value)),
    onAnew() {
      read = [];
      readings++;
    },
  });
  t.after(() => followed.close());
  await send("a", "b", "c");
  await eventually(() => assert.deepEqual(read, ["a", "b", "c"]));
  for (const [reading, values] of [["d"], ["e", "f", "g", "h"]].entries()) {
    await remakeTopics(kafka, { [topics.usage]: { partitions: 4 } });
    await eventually(() => send(...values));
    await eventually(() => assert.deepEqual([...new Set(read)], values));
    assert.equal(readings, reading + 1);
  }
  await eventually(() => assert.ok(followed.ageMs() < 1000 && followed.isCaughtUp()));
});

// INVARIANT 71
test("who was away for longer than deletions are kept reads everything anew", async (t) => {
  const kafka = await freshKafka();
  let nowMs = Date.now();
  let readings = 0;
  const followed = await followTopics(kafka, {
    topics: [topics.usage],
    checkIntervalMs: 20,
    now: () => nowMs,
    onRecord() {},
    onAnew: () => void readings++,
  });
  t.after(() => followed.close());
  nowMs += 80_000_000;
  assert.equal(followed.ageMs(), 80_000_000);
  await eventually(() => assert.equal(followed.ageMs(), 0));
  assert.equal(readings, 0);
  nowMs += 90_000_000;
  await eventually(() => assert.equal(readings, 1));
});

// A follower that stands still goes on with old keys, and answers as if they were current.
// INVARIANT 71
test("a follower that stands still says how old it is, and gets another consumer", async (t) => {
  const kafka = await freshKafka();
  await ensureTopics(kafka, { [topics.keys]: { partitions: 1 } });
  const producer = await openProducer(kafka);
  t.after(() => producer.close());
  const send = (key: string) => producer.send([{ topic: topics.keys, messages: [{ key, value: key }] }]);
  const stuck = Promise.withResolvers<null[]>();
  let verified = 0;
  const verifier: RecordVerifier = {
    // The consumer that has the second batch never verifies it.
    verify: async (_topic, records) => (++verified === 2 ? stuck.promise : records.map(() => null)),
    outdated() {},
  };
  const read: string[] = [];
  let nowMs = Date.now();
  const followed = await followTopics(
    { ...kafka, verifier },
    {
      topics: [topics.keys],
      maxWaitMs: 50,
      checkIntervalMs: 20,
      now: () => nowMs,
      onRecord: (_topic, key) => void read.push(key),
    },
  );
  t.after(() => followed.close());
  t.after(() => stuck.resolve([]));
  await send("first");
  await eventually(() => assert.deepEqual(read, ["first"]));
  await send("second");
  await eventually(() => assert.equal(verified, 2));
  nowMs += 50_000;
  assert.ok(followed.ageMs() >= 50_000);
  nowMs += 50_000;
  await eventually(() => assert.deepEqual(read, ["first", "second"]));
  await eventually(() => assert.equal(followed.ageMs(), 0));
});
