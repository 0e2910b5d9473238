// What somebody can do who may write to the topics of the catalog, but does not have its key.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import {
  createRecordSigner,
  followTopics,
  generateSigningKey,
  type KafkaConfig,
  openProducer,
  type OutgoingRecord,
  publicKeyOf,
} from "@mosis/kafka";
import { createMetrics } from "@mosis/runtime";
import type { KeyState } from "@mosis/types/keys";
import { type Topic, topics } from "@mosis/types/topics";
import { erasureOf } from "./erasure-requests.ts";
import { batchOf, eventOf, openApp, post } from "./sending.ts";
import { countOf, freshStore, openTestProducer, readTopic, startTestWriter, untilCount } from "./stored.ts";
import {
  eventually,
  freshKafka,
  newSecret,
  nextPosition,
  publishApp,
  publishCompleteness,
  signingKey,
  startIngest,
  untilReady,
  verifierOf,
} from "./support.ts";

// INVARIANT 58
test("a forged key opens nothing, whatever signature it has", async (t) => {
  const { kafka, app, producer, forge, url, forgeries } = await setUp(t);
  const { key: genuine } = await publishApp(producer);
  const [genuineRecord] = await lastRecords(t, kafka, topics.keys, genuine.key_id);
  assert.ok(genuineRecord);
  const stranger = createRecordSigner(generateSigningKey("stranger"));
  const impostor = createRecordSigner(generateSigningKey("test"));
  const attempts: ((record: OutgoingRecord) => OutgoingRecord)[] = [
    (record) => ({ ...record, headers: {} }),
    (record) => record,
    (record) => signedBy(stranger, record),
    (record) => signedBy(impostor, record),
    // The signature of another record.
    (record) => ({ ...record, headers: { ...record.headers, ...genuineRecord.headers } }),
  ];
  const secrets: string[] = [];
  for (const attempt of attempts) {
    const secret = newSecret();
    const state = keyOf(secret, app);
    await forge(topics.keys, attempt(messageOf(state.key_id, state)));
    secrets.push(secret);
  }
  await eventually(async () => assert.equal(await forgeries(), attempts.length));
  for (const secret of secrets) {
    assert.equal((await post(url, secret, batchOf([eventOf({})]))).status, 401);
  }
});

// INVARIANT 58
test("a forged tombstone and a record moved to another key or topic take nothing away", async (t) => {
  const { kafka, app, key, secret, forge, url, forgeries, producer } = await setUp(t);
  await forge(topics.keys, { key: key.key_id, value: null, headers: nextPosition() });
  await forge(topics.apps, { key: app.app_id, value: null, headers: nextPosition() });
  const other = await publishApp(producer);
  const [record] = await lastRecords(t, kafka, topics.keys, other.key.key_id);
  assert.ok(record);
  const { value, headers = {} } = record;
  // The key of somebody else in the place of ours.
  await forge(topics.keys, { key: key.key_id, value, headers });
  await forge(topics.apps, { key: other.key.key_id, value, headers });
  await eventually(async () => assert.equal(await forgeries(), 4));
  assert.equal((await post(url, secret, batchOf([eventOf({})]))).status, 202);
  assert.equal((await post(url, other.secret, batchOf([eventOf({})]))).status, 202);
});

// INVARIANT 58
test("an old record of a revoked key, written again, brings it back nowhere", async (t) => {
  const { kafka, key, secret, forge, url, producer, outdated, send } = await setUp(t);
  const [alive] = await lastRecords(t, kafka, topics.keys, key.key_id);
  assert.ok(alive);
  await producer.send([
    { topic: topics.keys, messages: [{ key: key.key_id, value: null, headers: nextPosition() }] },
  ]);
  await eventually(async () => assert.equal((await send(batchOf([]))).status, 401));
  await forge(topics.keys, alive);
  await eventually(async () => assert.equal(await outdated(), 1));
  assert.equal((await post(url, secret, batchOf([]))).status, 401);
  const started = await startIngest(t, kafka);
  await untilReady(started.url);
  assert.equal(
    (await post(started.url, secret, batchOf([]))).status,
    401,
    "also for who reads all of it anew",
  );
});

// INVARIANT 58
test("a forged erasure, app and audit event change nothing and are set aside", async (t) => {
  const { kafka, app, forge, send } = await setUp(t);
  const { store, url: storeUrl } = await freshStore(t);
  await startTestWriter(t, kafka, storeUrl);
  const install_id = randomUUID();
  assert.equal((await send(batchOf([eventOf({})], { context: { install_id } }))).status, 202);
  await untilCount(store, "events", 1);
  await untilCount(store, "apps", 1);
  const request = erasureOf(app, install_id);
  await forge(topics.erasures, messageOf(request.erasure_id, request));
  await forge(topics.apps, messageOf(app.app_id, { ...app, telemetry_days: 1, name: "Stolen" }));
  await forge(topics.audit, messageOf(app.developer_id, { event_id: randomUUID() }));
  const letters = await readTopic(t, kafka, topics.deadLetters, 3);
  assert.ok(letters.every(({ headers }) => String(headers["dead-letter-code"]) === "unsigned"));
  assert.equal(await countOf(store, "events"), 1);
  assert.equal(await countOf(store, "erasures_raw"), 0);
  assert.equal(await countOf(store, "apps where name = 'Stolen'"), 0);
  assert.equal(await countOf(store, "audit_events_raw"), 0);
});

test("keys are rotated: both are accepted while both are known, and then the new one only", async (t) => {
  const kafka = await freshKafka();
  const next = generateSigningKey("next");
  const [before, after] = [publicKeyOf(signingKey), publicKeyOf(next)];
  const publish = async (signer = createRecordSigner(signingKey)) => {
    const producer = await openTestProducer(t, { ...kafka, signer });
    return publishApp(producer);
  };
  const ingestWith = async (publicKeys: typeof before) => {
    const { url } = await startIngest(t, { ...kafka, verifier: verifierOf(publicKeys) });
    await untilReady(url);
    return async (secret: string) => (await post(url, secret, batchOf([]))).status;
  };
  const old = await publish();
  const oldReader = await ingestWith(before);
  const bothReader = await ingestWith(new Map([...before, ...after]));
  const young = await publish(createRecordSigner(next));
  await eventually(async () => assert.equal(await bothReader(young.secret), 202));
  assert.deepEqual([await bothReader(old.secret), await oldReader(old.secret)], [202, 202]);
  assert.equal(await oldReader(young.secret), 401);
  // With the new key the relay publishes everything again, and behind it that this is all.
  await publishCompleteness({ ...kafka, signer: createRecordSigner(next) });
  const newReader = await ingestWith(after);
  assert.deepEqual([await newReader(young.secret), await newReader(old.secret)], [202, 401]);
});

async function setUp(t: TestContext) {
  const kafka = await freshKafka();
  const metrics = createMetrics({ service: "test" });
  const verifier = verifierOf(publicKeyOf(signingKey), metrics);
  const opened = await openApp(t, { ...kafka, verifier });
  // Whoever may write to the topics, without the key of the relay.
  const { signer: _signer, ...unsigned } = kafka;
  const forger = await openProducer(unsigned);
  t.after(() => forger.close());
  const sum = async (name: string) => {
    const { values = [] } = (await metrics.registry.getSingleMetric(name)?.get()) ?? {};
    return values.reduce((total, { value }) => total + value, 0);
  };
  return {
    kafka,
    ...opened,
    forge: (topic: Topic, message: OutgoingRecord) => forger.send([{ topic, messages: [message] }]),
    forgeries: () => sum("records_forged_total"),
    outdated: () => sum("records_outdated_total"),
  };
}

/** The last record of a topic, as it is there. */
async function lastRecords(
  t: TestContext,
  kafka: KafkaConfig,
  topic: Topic,
  key: string,
): Promise<OutgoingRecord[]> {
  const found: OutgoingRecord[] = [];
  const followed = await followTopics(kafka, {
    topics: [topic],
    onRecord(_topic, id, value, { headers }) {
      if (id === key) found.push({ key, value: value && Buffer.from(value), headers });
    },
  });
  t.after(() => followed.close());
  await followed.caughtUp;
  return found.slice(-1);
}

function messageOf(key: string, value: object): OutgoingRecord {
  return { key, value: JSON.stringify(value), headers: nextPosition() };
}

function signedBy(signer: ReturnType<typeof createRecordSigner>, record: OutgoingRecord): OutgoingRecord {
  return signer([{ topic: topics.keys, messages: [record] }])[0]?.messages[0] ?? record;
}

function keyOf(secret: string, { app_id, developer_id }: { app_id: string; developer_id: string }): KeyState {
  return {
    key_id: randomUUID(),
    developer_id,
    app_ids: [app_id],
    key_hash: createHash("sha256").update(secret).digest("hex"),
    kind: "ingest",
    permissions: ["telemetry:write"],
    expires_at: null,
  };
}
