import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import type { KafkaUser } from "@mosis/devstack";
import { isOutboxTopic, type Topic, topics } from "@mosis/types/topics";
import { connectTo } from "../src/cluster.ts";
import { ensureAcls, ensureTopics, type KafkaConfig, openProducer, type Producer } from "../src/index.ts";
import { aclSpecs as specs, ownBroker, prepare, topicSpecs } from "./own-broker.ts";

const users = Object.keys(specs) as KafkaUser[];
const allTopics = Object.values(topics);

const broker = await ownBroker({ after });
const server = await broker.start();
after(() => server.stop());
const administrator = broker.as("kafka-admin");
const first = await prepare(administrator);

test("granting twice grants once", async () => {
  assert.ok((first?.created ?? 0) > 0);
  assert.deepEqual(await prepare(administrator), { created: 0, removed: 0, strangers: [] });
});

// Guards the invariant "what the catalog has not signed changes nothing" (INVARIANTS.md), from the broker's
// side.
// INVARIANTS 58, 70
test("a process may read and write in Kafka what its row of acls.json says, and nothing else", async () => {
  const expected: string[] = [];
  const seen: string[] = [];
  for (const user of users) {
    const kafka = broker.as(user);
    const producer = await openProducer(kafka);
    for (const topic of allTopics) {
      if (specs[user]?.write.includes(topic)) expected.push(`${user} writes ${topic}`);
      if (await canWrite(producer, topic)) seen.push(`${user} writes ${topic}`);
      if (specs[user]?.read.includes(topic)) expected.push(`${user} reads ${topic}`);
      if (await canRead(kafka, topic)) seen.push(`${user} reads ${topic}`);
    }
    await producer.close();
  }
  assert.deepEqual(seen, expected);
});

test("only the relay writes the topics that say who may do what", () => {
  for (const topic of allTopics.filter(isOutboxTopic)) {
    const writers = users.filter((user) => specs[user]?.write.includes(topic));
    // Dead letters of the audit trail go back to it; a forged one has no signature.
    const others = topic === topics.audit ? ["telemetry-replay"] : [];
    assert.deepEqual(writers, ["catalog-relay", ...others], topic);
  }
});

test("nobody joins a group of another", async () => {
  for (const [user, group] of [
    ["telemetry-writer", "telemetry-writer"],
    ["telemetry-ingest", `telemetry-ingest-follow-${randomUUID()}`],
  ] as const) {
    assert.equal(await canJoin(broker.as(user), group), true, `${user} in ${group}`);
  }
  for (const [user, group] of [
    ["telemetry-ingest", "telemetry-writer"],
    ["telemetry-query", "telemetry-writer"],
    ["telemetry-ingest", "catalog-key-uses"],
    ["telemetry-writer", "telemetry-ingest-follow-1"],
    ["telemetry-writer", "anything"],
  ] as const) {
    assert.equal(await canJoin(broker.as(user), group), false, `${user} in ${group}`);
  }
});

test("nobody grants anything, or makes or deletes a topic", async () => {
  for (const user of users) {
    await assert.rejects(ensureAcls(broker.as(user), specs), /authoriz/i, user);
    const other = { ...broker.as(user), topicPrefix: "other-" };
    await assert.rejects(prepare(other), /Topic creation errors/, user);
  }
  const other = { ...administrator, topicPrefix: "other-" };
  assert.equal((await ensureTopics(other, topicSpecs)).length, allTopics.length);
});

test("a grant that is not in the file is taken away, and strangers are named", async (t) => {
  await ensureAcls(administrator, {
    ...specs,
    "telemetry-ingest": { write: [topics.keys], read: [], join: [] },
  });
  const producer = await openProducer(broker.as("telemetry-ingest"));
  t.after(() => producer.close());
  assert.equal(await canWrite(producer, topics.keys), true);
  await ensureAcls(administrator, { mallory: { write: [topics.keys], read: [], join: [] } });
  const mended = await ensureAcls(administrator, specs);
  assert.deepEqual(mended?.strangers, ["User:mallory"]);
  assert.ok((mended?.removed ?? 0) >= 1);
  assert.equal(await canWrite(producer, topics.keys), false);
});

// INVARIANT 70
test("who has no password, a wrong one, or comes by the controller's door is let in nowhere", async () => {
  const { security, ...bare } = broker.as("kafka-admin");
  assert.ok(security?.sasl);
  await assert.rejects(openProducer({ ...bare, connectDeadlineMs: 300 }), /KAFKA_SECURITY_PROTOCOL/);
  const sasl = { ...security.sasl, password: "wrong" };
  await assert.rejects(
    openProducer({ ...bare, security: { ...security, sasl } }),
    /Kafka refused the user kafka-admin.*KAFKA_SASL_PASSWORD/,
  );
  const door = { ...bare, brokers: [broker.controller], connectDeadlineMs: 300 };
  await assert.rejects(openProducer(door));
});

async function canWrite(producer: Producer, topic: Topic): Promise<boolean> {
  try {
    await producer.send([{ topic, messages: [{ key: "k", value: "v" }] }]);
    return true;
  } catch (error) {
    assert.match(String(error), /authoriz/i, topic);
    return false;
  }
}

/** Reads as a group that the user may join. A topic that it may not read ends the consumer. */
async function canRead(kafka: KafkaConfig, topic: Topic): Promise<boolean> {
  const [group = ""] = specs[kafka.clientId]?.join ?? [];
  const groupId = kafka.topicPrefix + group.replace("*", randomUUID());
  for (;;) {
    try {
      return (await outcomeOf(kafka, { groupId, topic })) === "read";
    } catch (error) {
      // The group and the broker are new.
      if (!/coordinator/i.test(String(error))) throw error;
    }
  }
}

/** Joins with a topic that the user may read. */
async function canJoin(kafka: KafkaConfig, group: string): Promise<boolean> {
  const [topic = ""] = specs[kafka.clientId]?.read ?? [];
  try {
    return (await outcomeOf(kafka, { groupId: kafka.topicPrefix + group, topic: topic as Topic })) === "read";
  } catch (error) {
    // kafkajs finds no coordinator for a group that the user may not join.
    assert.match(String(error), /Failed to find group coordinator/);
    return false;
  }
}

async function outcomeOf(
  kafka: KafkaConfig,
  { groupId, topic }: { groupId: string; topic: Topic },
): Promise<"read" | "refused"> {
  const retry = { retries: 2, initialRetryTime: 50, restartOnFailure: async () => false };
  const consumer = connectTo(kafka).consumer({ groupId, maxWaitTimeInMs: 50, retry });
  const outcome = Promise.withResolvers<"read" | "refused">();
  consumer.on(consumer.events.FETCH, () => outcome.resolve("read"));
  consumer.on(consumer.events.CRASH, ({ payload: { error } }) => {
    if (/authoriz/i.test(error.message)) outcome.resolve("refused");
    else outcome.reject(error);
  });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [kafka.topicPrefix + topic], fromBeginning: true });
    await consumer.run({ eachBatch: async () => {} });
    return await outcome.promise;
  } catch (error) {
    if (/authoriz/i.test(String(error))) return "refused";
    throw error;
  } finally {
    await consumer.disconnect();
  }
}
