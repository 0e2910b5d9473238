import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { openLagReader, type OutgoingRecord } from "@mosis/kafka";
import { recordHeaders, topics } from "@mosis/types/topics";
import { readReplayArguments } from "../src/replay/arguments.ts";
import { replayDeadLetters, type ReplayOptions } from "../src/replay/dead-letters.ts";
import {
  countOf,
  deliveryBlock,
  eventsRecord,
  freshStore,
  openTestProducer,
  startTestWriter,
  untilCount,
} from "./stored.ts";
import { eventually, freshKafka } from "./support.ts";

// Guards the invariant "a record that cannot be stored is kept, and goes back when the cause is gone"
// (INVARIANTS.md).
// INVARIANT 6
test("dead letters go back once the cause is gone, and mend their receipts", async (t) => {
  const { store, app_id, batch_id, writtenLetters, marked, replay } = await setTwoAside(t);
  const both = new Map([
    ["format_unknown", 1],
    ["violated_constraint", 1],
  ]);

  await t.test("nothing is sent when the position may be forgotten, unless it is asked for", async () => {
    await assert.rejects(replay({ offsetsKeptMs: 0 }), /--from-beginning sends them all/);
    assert.equal(await writtenLetters(), 2);
    assert.deepEqual(await replay({ offsetsKeptMs: 0, isFromBeginning: true, isDryRun: true }), both);
  });

  await t.test("a dry run tells and changes nothing", async () => {
    assert.deepEqual(await replay({ isDryRun: true }), both);
    assert.deepEqual(await replay({ isDryRun: true }), both);
    assert.deepEqual(await replay({ topic: topics.audit }), new Map());
    assert.equal(await writtenLetters(), 2);
  });

  await t.test("what is refused again is a dead letter again, which the same run does not meet", async () => {
    await store.command("alter table events_raw drop constraint not_yet");
    assert.deepEqual(await replay({ recordsMax: 1 }), new Map([["format_unknown", 1]]));
    // It knows how far it came: however old the others are, they were not sent.
    await eventually(async () => assert.equal(await writtenLetters(), 3));
    const second = await replay({ recordsMax: 1, offsetsKeptMs: 0 });
    assert.deepEqual(second, new Map([["violated_constraint", 1]]), "the limit was kept, the position too");
    await untilCount(store, `events where app_id = '${app_id}' and name = 'late'`, 1);
    assert.deepEqual(await replay({ isDryRun: true }), new Map([["format_unknown", 1]]));
    assert.deepEqual(await replay(), new Map([["format_unknown", 1]]));
    await eventually(async () => assert.equal(await writtenLetters(), 4));
  });

  await t.test("its deliveries come with it", async () => {
    await untilCount(store, marked(0), 1);
    assert.equal(await countOf(store, `ingest_batches where batch_id = '${batch_id}'`), 1);
    assert.equal(await countOf(store, `events where app_id = '${app_id}'`), 3);
  });
});

/**
 * A dead letter that nothing mends, and one of a flush whose other events are stored: its receipt is marked.
 */
async function setTwoAside(t: TestContext) {
  const [kafka, { store, url }] = await Promise.all([freshKafka(), freshStore(t)]);
  const producer = await openTestProducer(t, kafka);
  const [app_id, batch_id] = [randomUUID(), randomUUID()];
  const row = (key: number) => ({ app_id, client_time: Date.now(), key });
  const good = eventsRecord([row(1)]);
  const hopeless = { ...good, headers: { ...good.headers, [recordHeaders.format]: "2" } };
  const last = eventsRecord([row(4)], deliveryBlock({ app_id, batch_id, accepted: 3 }));
  const flush = [eventsRecord([{ ...row(2), name: "late" }]), eventsRecord([row(3)]), last];
  const send = (partition: number, records: OutgoingRecord[]) =>
    producer.send([{ topic: topics.events, messages: records.map((record) => ({ ...record, partition })) }]);
  const letters = openLagReader(kafka, { group: "nobody", topics: [topics.deadLetters] });
  t.after(() => letters.close());
  const writtenLetters = async () => (await letters.read()).reduce((sum, { records }) => sum + records, 0);

  await store.command("alter table events_raw add constraint not_yet check name != 'late'");
  await startTestWriter(t, kafka, url);
  await send(4, [hopeless]);
  await eventually(async () => assert.equal(await writtenLetters(), 1));
  await send(3, flush);
  const marked = (count: number) =>
    `ingest_batches where batch_id = '${batch_id}' and dead_letters = ${count}`;
  await untilCount(store, marked(1), 1);
  const usual = { kafka, producer, topic: topics.events, recordsMax: 100, isDryRun: false };
  const replay = (changes: Partial<ReplayOptions> = {}) => replayDeadLetters({ ...usual, ...changes });
  return { store, app_id, batch_id, writtenLetters, marked, replay };
}

test("arguments of the replay are checked", () => {
  const { topics: byDefault, recordsMax, isDryRun } = readReplayArguments(["dead-letters"]);
  assert.deepEqual(byDefault, [topics.events, topics.rejected, topics.audit]);
  assert.equal(recordsMax, 1_000_000);
  assert.equal(isDryRun, false);
  const apps = readReplayArguments(["dead-letters", "--topic", "catalog.apps", "--limit", "5", "--dry-run"]);
  assert.deepEqual(apps, {
    topics: [topics.apps],
    recordsMax: 5,
    isDryRun: true,
    isFromBeginning: false,
  });
  assert.throws(() => readReplayArguments([]), /^Error: Usage: replay dead-letters/);
  assert.throws(() => readReplayArguments(["dead-letters", "--limit", "0"]), /--limit must be/);
  assert.throws(
    () => readReplayArguments(["dead-letters", "--topic", "catalog.keys"]),
    /--topic must be one/,
  );
});
