// What a process does that starts while Kafka starts, loses it, or finds it with other topics than before.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { createLogger } from "@mosis/runtime";
import { topics } from "@mosis/types/topics";
import type { Consumer } from "kafkajs";
import { connectTo } from "../src/cluster.ts";
import {
  ensureTopics,
  followTopics,
  type KafkaConfig,
  type LostRecords,
  openConsumer,
  openProducer,
  readKafka,
  type RecordVerifier,
} from "../src/index.ts";
import { superviseConsumer } from "../src/supervise.ts";
import { deleteRecordsBefore, remakeTopics } from "../src/testing.ts";

const log = createLogger({ service: "test", level: "silent" });

test("who starts while Kafka starts waits for it", async (t) => {
  const kafka = await freshKafka();
  const gate = await openGate(t, kafka, { refusals: 4 });
  const producer = await openProducer({ ...kafka, brokers: [gate.address], connectDeadlineMs: 20_000 });
  assert.ok(gate.seen() > 4);
  assert.equal(await producer.partitionCount(topics.usage), 4);
  await producer.close();

  const slow = await openGate(t, kafka, { refusals: 6 });
  const followed = await followTopics(
    { ...kafka, brokers: [slow.address] },
    { topics: [topics.usage], onRecord() {} },
  );
  await followed.caughtUp;
  await followed.close();
});

// An open connection keeps a process alive that has failed to start, and nobody starts another one.
test("who gives up waiting for Kafka leaves no connection and no try behind", async (t) => {
  const kafka = await freshKafka();
  const gate = await openGate(t, kafka, { refusals: Number.POSITIVE_INFINITY });
  const before = openSockets();
  const config = { ...kafka, brokers: [gate.address], connectDeadlineMs: 300 };
  await assert.rejects(openProducer(config));
  // Whoever still tries would come through now.
  gate.open();
  const other = await openProducer({ ...kafka, connectDeadlineMs: 20_000 });
  await other.close();
  await eventually(() => assert.ok(openSockets() <= before, `${openSockets()} sockets, ${before} before`));
});

test("what no broker has named in its answer is not acknowledged", async (t) => {
  const kafka = await freshKafka();
  const producer = await openProducer(kafka);
  t.after(() => producer.close());
  const send = (partition: number) =>
    producer.send([{ topic: topics.usage, messages: [{ value: "x", partition }] }]);
  await send(3);
  await remakeTopics(kafka, { [topics.usage]: { partitions: 2 } });
  const outcomes = new Map<number, boolean>();
  for (let partition = 0; partition < 4; partition++) {
    outcomes.set(
      partition,
      await send(partition).then(
        () => true,
        () => false,
      ),
    );
  }
  assert.deepEqual([...outcomes.values()], [true, true, false, false]);
  assert.equal(producer.connected(), true, "the broker is there");
  await assert.rejects(send(3), /named partition 3 /);
});

// Kafka deletes after two days, read or not.
test("records that retention has taken before they were read are named, once", async (t) => {
  const kafka = await freshKafka();
  const producer = await openProducer(kafka);
  t.after(() => producer.close());
  const send = (count: number) =>
    producer.send([
      { topic: topics.usage, messages: Array.from({ length: count }, () => ({ value: "x", partition: 1 })) },
    ]);
  const lost: unknown[] = [];
  const readAll = async (count: number) => {
    const done = Promise.withResolvers<void>();
    let seen = 0;
    const options = {
      group: `${kafka.topicPrefix}group`,
      topics: [topics.usage],
      minBytes: 1,
      maxWaitMs: 50,
    };
    const onLost = async ({ partition, from, to }: LostRecords) => void lost.push({ partition, from, to });
    const consumer = await openConsumer(
      { ...kafka, ...options, maxBytesPerPartition: 1_048_576, onLost },
      async ({ records }) => {
        seen += records.length;
        if (seen >= count) done.resolve();
      },
    );
    await done.promise;
    await consumer.close();
  };
  await send(3);
  await readAll(3);
  await send(10);
  await deleteRecordsBefore(kafka, { topic: topics.usage, partition: 1, offset: 8 });
  await readAll(5);
  assert.deepEqual(lost, [{ partition: 1, from: 3n, to: 8n }]);
  await send(2);
  await readAll(2);
  assert.equal(lost.length, 1);
});

// Kafka's data may be lost, and its topics made anew, under processes that go on.
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

test("who was away for longer than deletions are kept reads everything anew", async (t) => {
  const kafka = await freshKafka();
  let nowMs = Date.now();
  let readings = 0;
  const followed = await followTopics(kafka, {
    ...{ topics: [topics.usage], checkIntervalMs: 20, now: () => nowMs },
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

// Whoever stands still goes on with old keys, and answers as if they were the new ones.
test("a follower that stands still says how old it is, and gets another consumer", async (t) => {
  const kafka = await freshKafka();
  await ensureTopics(kafka, { [topics.keys]: { partitions: 1 } });
  const producer = await openProducer(kafka);
  t.after(() => producer.close());
  const send = (key: string) => producer.send([{ topic: topics.keys, messages: [{ key, value: key }] }]);
  const stuck = Promise.withResolvers<null[]>();
  let verified = 0;
  const verifier: RecordVerifier = {
    // The second batch is never judged by the consumer that has it.
    verify: async (_topic, records) => (++verified === 2 ? stuck.promise : records.map(() => null)),
    outdated() {},
  };
  const read: string[] = [];
  let nowMs = Date.now();
  const followed = await followTopics(
    { ...kafka, verifier },
    {
      ...{ topics: [topics.keys], maxWaitMs: 50, checkIntervalMs: 20, now: () => nowMs },
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

test("a producer knows how far its clock is from the broker's, where that gives the time", async (t) => {
  const kafka = await freshKafka();
  await ensureTopics(kafka, {
    [topics.keyUses]: { partitions: 1, config: { "message.timestamp.type": "LogAppendTime" } },
  });
  const producer = await openProducer(kafka);
  t.after(() => producer.close());
  await producer.send([{ topic: topics.usage, messages: [{ value: "x" }] }]);
  assert.equal(producer.clockOffsetMs(), null);
  const rightTime = Date.now;
  t.after(() => (Date.now = rightTime));
  await producer.send([{ topic: topics.keyUses, messages: [{ value: "x" }] }]);
  assert.equal(producer.clockOffsetMs(), 0);
  Date.now = () => rightTime() - 1_800_000;
  await producer.send([{ topic: topics.keyUses, messages: [{ value: "x" }] }]);
  const offset = producer.clockOffsetMs() ?? 0;
  assert.ok(offset > -1_802_000 && offset < -1_798_000, String(offset));
});

test("of consumers that cannot join there is one at a time, and one when they can", async (t) => {
  const kafka = await freshKafka();
  const opened: Consumer[] = [];
  const running = new Set<Consumer>();
  let together = 0;
  const joined = Promise.withResolvers<void>();
  const failingJoins = 4;
  const supervised = await superviseConsumer({
    log,
    restartPauseMs: 20,
    topics: [kafka.topicPrefix + topics.usage],
    open() {
      // The broker refuses a member that may be silent for hours.
      const sessionTimeout = opened.length < failingJoins ? 36_000_000 : 30_000;
      const consumer = connectTo(kafka).consumer({
        groupId: `${kafka.topicPrefix}group`,
        ...{ sessionTimeout, maxWaitTimeInMs: 50 },
        retry: { retries: 0, restartOnFailure: async () => false },
      });
      running.add(consumer);
      together = Math.max(together, running.size);
      for (const event of ["CRASH", "DISCONNECT"] as const) {
        consumer.on(consumer.events[event], () => void running.delete(consumer));
      }
      opened.push(consumer);
      consumer.on(consumer.events.FETCH, () => joined.resolve());
      return consumer;
    },
    run: { eachBatch: async () => {} },
    // As a follower does: it throws when the consumer has crashed before it joined.
    onStart: (started) =>
      started.seek({ topic: kafka.topicPrefix + topics.usage, partition: 0, offset: "0" }),
  });
  t.after(() => supervised.close());
  await joined.promise;
  assert.equal(together, 1);
  assert.equal(opened.length, failingJoins + 1);
});

async function freshKafka(): Promise<KafkaConfig> {
  const kafka = { ...readKafka(process.env), clientId: "test", topicPrefix: `out-${randomUUID()}-`, log };
  await ensureTopics(kafka, { [topics.usage]: { partitions: 4 } });
  return kafka;
}

interface Gate {
  address: string;
  /** Connections so far. */
  seen(): number;
  open(): void;
}

/** A door to the broker that closes the first connections at once, as a broker that is not up yet. */
async function openGate(
  t: TestContext,
  kafka: KafkaConfig,
  { refusals }: { refusals: number },
): Promise<Gate> {
  let [seen, left] = [0, refusals];
  const [host = "", port = ""] = kafka.brokers[0]?.split(":") ?? [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    seen++;
    if (left-- > 0) {
      socket.destroy();
      return;
    }
    const onward = connect(Number(port), host);
    for (const end of [socket, onward]) {
      sockets.add(end);
      end.on("error", () => {}).on("close", () => [socket, onward].forEach((it) => it.destroy()));
    }
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: () => seen,
    open: () => void (left = 0),
  };
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

async function eventually(holds: () => Promise<void> | void): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    try {
      return await holds();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
