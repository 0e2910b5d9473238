// What a process does that starts while Kafka starts, loses Kafka, or finds it with other topics than before.
import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
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
} from "../src/index.ts";
import { superviseConsumer } from "../src/supervise.ts";
import { deleteRecordsBefore, remakeTopics } from "../src/testing.ts";
import { eventually, freshKafka, log } from "./support.ts";

// INVARIANT 2
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

// An open connection keeps a process alive that has failed to start, and then no supervisor starts another
// one.
test("who gives up waiting for Kafka leaves no connection and no try behind", async (t) => {
  const kafka = await freshKafka();
  const gate = await openGate(t, kafka, { refusals: Number.POSITIVE_INFINITY });
  const before = openSockets();
  const config = { ...kafka, brokers: [gate.address], connectDeadlineMs: 300 };
  await assert.rejects(openProducer(config));
  // A client that still tries would connect now.
  gate.open();
  const other = await openProducer({ ...kafka, connectDeadlineMs: 20_000 });
  await other.close();
  await eventually(() => assert.ok(openSockets() <= before, `${openSockets()} sockets, ${before} before`));
});

// INVARIANT 3
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
// INVARIANT 2
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

// INVARIANT 2
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
        sessionTimeout,
        maxWaitTimeInMs: 50,
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
    // A follower does the same: it throws when the consumer crashed before it joined.
    onStart: (started) =>
      started.seek({ topic: kafka.topicPrefix + topics.usage, partition: 0, offset: "0" }),
  });
  t.after(() => supervised.close());
  await joined.promise;
  assert.equal(together, 1);
  assert.equal(opened.length, failingJoins + 1);
});

interface Gate {
  address: string;
  /** The number of connections so far. */
  seen(): number;
  open(): void;
}

/**
 * Opens a proxy to the broker that closes the first connections at once, like a broker that is not up yet.
 */
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
