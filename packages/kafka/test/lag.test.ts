import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { createLogger, Unavailable } from "@mosis/runtime";
import { topics } from "@mosis/types/topics";
import { ensureTopics, openConsumer, openLagReader, openProducer, readKafka } from "../src/index.ts";

const log = createLogger({ service: "test", level: "silent" });

test("a lag counts what was acknowledged before it was asked for and is not committed", async (t) => {
  const kafka = { ...readKafka(process.env), clientId: "test", topicPrefix: `lag-${randomUUID()}-`, log };
  await ensureTopics(kafka, { [topics.events]: { partitions: 2 } });
  const producer = await openProducer(kafka);
  t.after(() => producer.close());
  const group = randomUUID();
  const reader = openLagReader(kafka, { group, topics: [topics.events] });
  t.after(() => reader.close());
  const records = async () => (await reader.read()).reduce((sum, lag) => sum + lag.records, 0);
  const send = (value: string) => producer.send([{ topic: topics.events, messages: [{ value }] }]);

  // On a new broker the coordinator of groups is still loading.
  await untilAnswered(() => reader.read());
  assert.equal(await records(), 0, "nobody ever was in this group");
  for (let sent = 1; sent <= 20; sent++) {
    await send("x");
    assert.equal(await records(), sent);
  }

  const drained = Promise.withResolvers<void>();
  let seen = 0;
  const bytes = { minBytes: 1, maxWaitMs: 50, maxBytesPerPartition: 1_048_576 };
  const consumer = await openConsumer(
    { ...kafka, group, topics: [topics.events], ...bytes },
    async (batch) => {
      seen += batch.records.length;
      if (seen === 20) drained.resolve();
    },
  );
  await drained.promise;
  await consumer.close();
  assert.equal(await records(), 0);
});

async function untilAnswered(ask: () => Promise<unknown>): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

test("a broker that is away is unavailable, within the deadline", async (t) => {
  const away = { brokers: ["127.0.0.1:9"], clientId: "test", topicPrefix: "", log };
  const reader = openLagReader(away, { group: "x", topics: [topics.events], deadlineMs: 300 });
  t.after(() => reader.close());
  await Promise.all([assert.rejects(reader.read(), Unavailable), assert.rejects(reader.read(), Unavailable)]);
});

// An open connection would keep its process alive for ever.
test("closing in the middle of a question leaves no connection behind", async () => {
  const kafka = { ...readKafka(process.env), clientId: "test", topicPrefix: "", log };
  const before = openSockets();
  for (let turns = 0; turns < 40; turns += 5) {
    const reader = openLagReader(kafka, { group: randomUUID(), topics: [topics.events] });
    // Its answer does not matter: the topic does not exist.
    const asked = reader.read().catch((error: unknown) => assert.ok(error instanceof Unavailable));
    // It gets as far as it can in so many turns of the event loop.
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    await reader.close();
    await asked;
    await assert.rejects(reader.read(), Unavailable);
  }
  const until = Date.now() + 5000;
  while (openSockets() > before && Date.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(openSockets() <= before, `${openSockets()} connections, ${before} before`);
});

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}
