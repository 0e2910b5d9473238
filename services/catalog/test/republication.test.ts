import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import {
  createRecordSigner,
  createRecordVerifier,
  followTopics,
  generateSigningKey,
  type KafkaConfig,
  openConsumer,
  openProducer,
  type OutgoingRecord,
  publicKeyOf,
} from "@mosis/kafka";
import { deleteRecordsBefore, remakeTopics } from "@mosis/kafka/testing";
import { execute, one, type Pool, sql } from "@mosis/postgres";
import { createMetrics, type Lifecycle } from "@mosis/runtime";
import { completenessKey, outboxHeaders, stateTopics, type Topic, topics } from "@mosis/types/topics";
import Type from "typebox";
import { processRoles } from "../src/access/process-roles.ts";
import { forgetPublication } from "../src/changes/republication/queries.ts";
import { startRepublication } from "../src/changes/republication/republication.ts";
import { startKafka, startTestRelay } from "./relaying.ts";
import { eventually, log, openPoolAs, startCatalog } from "./support.ts";

// Guards the invariant "what the catalog has not signed changes nothing" (INVARIANTS.md): compaction keeps
// the last record of a key, whoever has written it.
// INVARIANT 58
test("what somebody else wrote over a state is published over by the relay", async (t) => {
  const { life, kafka, db, databaseUrl, app, key, metrics, counted } = await setUp(t);
  await startActive(life, { kafka, databaseUrl, metrics });
  await eventually(async () => assert.equal(await counted("all"), 2));
  const lastRecord = await readEverything(life, kafka);
  const genuine = await eventually(() => lastRecord(topics.keys, key));
  const { signer: _signer, ...unsigned } = kafka;
  const forger = life.own("forger", await openProducer(unsigned), (it) => it.close());
  const forge = (topic: Topic, record: OutgoingRecord) => forger.send([{ topic, messages: [record] }]);

  await forge(topics.keys, { key, value: null, headers: { position: "999999" } });
  await forge(topics.apps, { key: app, value: "{}", headers: {} });
  // Under a key that nobody has there is nothing to mend.
  await forge(topics.keys, { key: "nobody", value: "{}", headers: {} });
  // Among everything, when that happens to be due again.
  const mended = async () => (await counted("spoiled")) + (await counted("all"));
  await eventually(async () => assert.ok((await mended()) >= 2 + 2));
  for (const [topic, id] of [
    [topics.keys, key],
    [topics.apps, app],
  ] as const) {
    await eventually(() => assert.equal(idOf(lastRecord(topic, id)), id, "behind all that was forged"));
  }

  // An old record of a key that is deleted by now, with its good signature.
  await execute(db, sql`delete from api_keys where id = ${key}`);
  await forgetPublication(db);
  await eventually(async () => assert.equal(await stateOf(kafka, topics.keys, key), null));
  const before = await mended();
  await forge(topics.keys, genuine);
  await eventually(async () => assert.ok((await mended()) > before));
  await eventually(() => assert.equal(lastRecord(topics.keys, key).value, null));
});

test("another signing key signs everything again, and readers that know only it see it all", async (t) => {
  const { life, kafka, databaseUrl, app, key, metrics, counted } = await setUp(t);
  const gone = randomUUID();
  const first = await startActive(life, { kafka, databaseUrl, metrics });
  await eventually(async () => assert.equal(await counted("all"), 2));
  await publishSigned(life, kafka, gone, "77");
  await first.stop();

  const next = generateSigningKey("next");
  const verifierOf = (publicKeys: ReturnType<typeof publicKeyOf>) =>
    createRecordVerifier({ publicKeys, log, metrics: createMetrics({ service: "test" }) });
  const readerOfNext = { ...kafka, verifier: verifierOf(publicKeyOf(next)) };
  assert.equal(await stateOf(readerOfNext, topics.keys, key), undefined);
  const rotated = { ...kafka, signer: createRecordSigner(next) };
  await startActive(life, { kafka: rotated, databaseUrl, metrics, signingKey: "next" });
  await eventually(async () => {
    for (const [topic, id] of [
      [topics.keys, key],
      [topics.apps, app],
    ] as const) {
      assert.equal(await stateOf(readerOfNext, topic, id), id);
    }
  });
});

test("a relay that becomes active publishes what a topic lacks, and takes out what is gone", async (t) => {
  const { life, kafka, db, databaseUrl, key, metrics, counted } = await setUp(t);
  const first = await startActive(life, { kafka, databaseUrl, metrics });
  await eventually(() => wasPublished(db));
  await first.stop();
  const gone = randomUUID();
  await publishSigned(life, kafka, gone, "1");
  // Written by nobody who tells of it.
  const lacking = randomUUID();
  await execute(
    db,
    sql`
      insert into api_keys (id, developer_id, name, kind, key_hash, key_prefix, permissions, all_apps)
      select ${lacking}::uuid, developer_id, name, kind, 'hash', key_prefix, permissions, true
      from api_keys where id = ${key}`,
  );
  await startActive(life, { kafka, databaseUrl, metrics });
  await eventually(async () => {
    assert.equal(await stateOf(kafka, topics.keys, lacking), lacking);
    assert.equal(await stateOf(kafka, topics.keys, gone), null);
  });
  assert.equal(await counted("missing"), 2);
});

// INVARIANT 71
test("topics that were made anew or emptied under a running relay are filled again", async (t) => {
  const { life, kafka, db, databaseUrl, ada, app, key, metrics, counted } = await setUp(t);
  await startActive(life, { kafka, databaseUrl, metrics });
  await eventually(() => wasPublished(db));
  const specs = Object.fromEntries(
    stateTopics.map((topic) => [topic, { partitions: 1, config: { "cleanup.policy": "compact,delete" } }]),
  );
  await remakeTopics(kafka, specs);
  await eventually(async () => assert.deepEqual(await wholeStates(kafka), [app, key].toSorted()));

  // Of a deletion nobody tells a reader who starts now but that the key is not there.
  await ada.delete(`/v1/keys/${key}`).expect(204);
  await eventually(async () => assert.deepEqual(await wholeStates(kafka), [app]));
  const missing = await counted("missing");
  await deleteRecordsBefore(kafka, { topic: topics.apps, partition: 0, offset: -1 });
  await eventually(async () => assert.equal(await counted("missing"), missing + 1));
  await eventually(async () => assert.deepEqual(await wholeStates(kafka), [app]));
});

// INVARIANT 71
test("a record that somebody else writes over what says that a topic is complete is mended", async (t) => {
  const { life, kafka, db, databaseUrl, metrics } = await setUp(t);
  await startActive(life, { kafka, databaseUrl, metrics });
  await eventually(() => wasPublished(db));
  const lastRecord = await readEverything(life, kafka);
  const genuine = await eventually(() => lastRecord(topics.keys, completenessKey));
  const { signer: _signer, ...unsigned } = kafka;
  const forger = life.own("forger", await openProducer(unsigned), (it) => it.close());
  await forger.send([{ topic: topics.keys, messages: [{ key: completenessKey, value: "forged" }] }]);
  await eventually(() => {
    const last = String(lastRecord(topics.keys, completenessKey).value);
    assert.ok(last !== String(genuine.value) && last !== "forged", "the relay has written it again");
  });
});

test("after a restore positions go on behind the published ones, and all is published again", async (t) => {
  const { life, kafka, db, databaseUrl, ada, key, metrics, counted } = await setUp(t);
  const first = await startActive(life, { kafka, databaseUrl, metrics });
  await eventually(async () => assert.equal(await counted("all"), 2));
  await first.stop();
  const gone = randomUUID();
  await publishSigned(life, kafka, gone, "500000");

  await startActive(life, { kafka, databaseUrl, metrics });
  await eventually(async () => assert.equal(await counted("all"), 5));
  const { position } = await one(
    db,
    Type.Object({ position: Type.Integer() }),
    sql`select last_value as position from outbox_position`,
  );
  assert.ok(position > 500_000);
  await ada.delete(`/v1/keys/${key}`).expect(204);
  await eventually(async () => assert.equal(await stateOf(kafka, topics.keys, key), null));
});

/** Passes when everything was published once. */
async function wasPublished(db: Pool): Promise<void> {
  await one(db, Type.Object({ signing_key: Type.String() }), sql`select signing_key from state_publications`);
}

/** The ids of what a reader believes that starts now. @throws when it has to wait for more. */
async function wholeStates(kafka: KafkaConfig): Promise<string[]> {
  const ids = new Set<string>();
  const followed = await followTopics(kafka, {
    topics: [...stateTopics],
    onRecord: (_topic, key, value) => void (value ? ids.add(key) : ids.delete(key)),
  });
  await followed.caughtUp;
  await followed.close();
  assert.ok(followed.isWhole());
  return [...ids].toSorted();
}

async function setUp(t: TestContext) {
  const { as, life, db, databaseUrl } = await startCatalog(t);
  const { kafka } = await startKafka(life);
  const ada = await as("ada");
  const { body: app } = await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  const asked = { name: "k", kind: "ingest", package_ids: ["org.mosis.go"] };
  const { body: key } = await ada.post("/v1/keys", asked).expect(201);
  const metrics = createMetrics({ service: "test" });
  const counted = async (reason: string) => {
    const { values = [] } = (await metrics.registry.getSingleMetric("states_republished_total")?.get()) ?? {};
    return values
      .filter(({ labels }) => labels["reason"] === reason)
      .reduce((total, { value }) => total + value, 0);
  };
  const ids = { app: (app as { id: string }).id, key: (key as { id: string }).id };
  return { life, db, databaseUrl, kafka, ada, ...ids, metrics: withoutTwice(metrics), counted };
}

/** Several relays of one test count together. */
function withoutTwice(metrics: ReturnType<typeof createMetrics>): typeof metrics {
  const made = new Map<string, ReturnType<typeof metrics.counter>>();
  return {
    ...metrics,
    counter(name, help, labels) {
      const counter = made.get(name) ?? metrics.counter(name, help, labels);
      made.set(name, counter);
      return counter;
    },
  };
}

/** A relay with its republication. */
async function startActive(
  life: Lifecycle,
  options: Pick<Parameters<typeof startRepublication>[0], "kafka" | "metrics"> & {
    databaseUrl: string;
    signingKey?: string;
  },
) {
  const { kafka, databaseUrl, metrics, signingKey = "test" } = options;
  const db = openPoolAs(life, processRoles.relay, databaseUrl);
  const relay = await startTestRelay({ life, databaseUrl, kafka });
  const producer = life.own("producer", await openProducer(kafka), (it) => it.close());
  const isActive = () => relay.state() === "active";
  const republication = await startRepublication({
    kafka,
    producer,
    db,
    isActive,
    signingKey,
    log,
    metrics,
    intervalMs: 20,
    checkIntervalMs: 50,
  });
  life.own("republication", republication, (it) => it.close());
  return {
    async stop() {
      await republication.close();
      await relay.close();
    },
  };
}

/** A key that the catalog does not have, with a good signature. */
async function publishSigned(life: Lifecycle, kafka: KafkaConfig, key: string, position: string) {
  const producer = life.own("producer", await openProducer(kafka), (it) => it.close());
  const value = JSON.stringify({ key_id: key });
  const message = { key, value, headers: { [outboxHeaders.position]: position } };
  await producer.send([{ topic: topics.keys, messages: [message] }]);
}

/** What a reader that starts now believes: an id, null when it is gone, undefined when it was never there. */
async function stateOf(kafka: KafkaConfig, topic: Topic, id: string): Promise<string | null | undefined> {
  const states = new Map<string, string | null>();
  const followed = await followTopics(kafka, {
    topics: [...stateTopics],
    onRecord: (from, key, value) => {
      if (from === topic) states.set(key, value && idOf({ key, value }));
    },
  });
  await followed.caughtUp;
  await followed.close();
  return states.get(id);
}

function idOf({ value }: OutgoingRecord): string {
  const state = JSON.parse(String(value)) as { key_id?: string; app_id?: string } | null;
  return state?.key_id ?? state?.app_id ?? "";
}

/** Everything that is in the compacted topics, whoever has written it: what compaction goes by. */
async function readEverything(life: Lifecycle, kafka: KafkaConfig) {
  const { verifier } = kafka;
  assert.ok(verifier);
  const verify = async (_topic: Topic, records: readonly unknown[]) => records.map(() => null);
  const read: { topic: Topic; record: OutgoingRecord }[] = [];
  const options = { group: `${kafka.topicPrefix}everything`, topics: [...stateTopics] };
  const consumer = await openConsumer(
    {
      ...kafka,
      ...options,
      verifier: { ...verifier, verify },
      minBytes: 1,
      maxWaitMs: 50,
      maxBytesPerPartition: 1e6,
    },
    async ({ topic, records }) => {
      for (const { key, value, headers } of records) {
        read.push({ topic, record: { key: String(key), value: value && Buffer.from(value), headers } });
      }
    },
  );
  life.own("reader of everything", consumer, (it) => it.close());
  return (topic: Topic, id: string) => {
    const last = read.findLast((it) => it.topic === topic && it.record.key === id)?.record;
    assert.ok(last, `${topic} has a record of ${id}`);
    return last;
  };
}
