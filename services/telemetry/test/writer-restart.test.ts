import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { KafkaConfig } from "@mosis/kafka";
import { topics } from "@mosis/types/topics";
import { openStoreDoor } from "./store-door.ts";
import {
  countOf,
  deliveryBlock,
  eventsRecord,
  freshStore,
  outcomesBlock,
  openTestProducer,
  startTestWriter,
  untilCount,
} from "./stored.ts";
import { eventually, freshKafka, signingTexts } from "./support.ts";

const main = fileURLToPath(new URL("../src/main/writer.ts", import.meta.url));

// Guards the invariants "an acknowledged event shows exactly once" and "kill -9 loses nothing"
// (INVARIANTS.md).
// INVARIANT 2
test(
  "kill -9 of the writer at its worst moments stores every event once",
  { concurrency: true },
  async (t) => {
    await Promise.all([
      // INVARIANT 7
      t.test("between the events and their deliveries", async (t) => {
        const { store, app_id } = await killWriter(t, { withoutAnswerOf: "events_raw" });
        assert.equal(await countOf(store, `events_raw where app_id = '${app_id}'`), 20, "they came twice");
      }),
      // INVARIANT 8
      t.test("between the outcomes and their deliveries", async (t) => {
        const { store, app_id } = await killWriter(t, { withoutAnswerOf: "outcomes_raw" });
        const rows = await countOf(store, `outcomes_raw where app_id = '${app_id}'`);
        assert.equal(rows, 2, "they came twice");
      }),
      t.test("between the deliveries and the offset", async (t) => {
        const { store, app_id, batch_id } = await killWriter(t, { withoutAnswerOf: "ingest_batches_raw" });
        assert.equal(await countOf(store, `events_raw where app_id = '${app_id}'`), 20, "they came twice");
        assert.equal(await countOf(store, `ingest_batches_raw where batch_id = '${batch_id}'`), 2);
      }),
    ]);
  },
);

/** Kills a writer that has inserted into a table and was not told so, starts another, and waits for it. */
async function killWriter(t: TestContext, { withoutAnswerOf }: { withoutAnswerOf: string }) {
  const [kafka, { store, url }] = await Promise.all([freshKafka(), freshStore(t)]);
  const door = await openStoreDoor(t, url);
  door.withholdAnswersOf(withoutAnswerOf);
  const writer = startWriterProcess(t, kafka, door.url);
  const producer = await openTestProducer(t, kafka);
  const [app_id, batch_id] = [randomUUID(), randomUUID()];
  const client_time = Date.now();
  const rows = Array.from({ length: 10 }, (_, key) => ({ app_id, client_time, key }));
  const delivery = deliveryBlock({ app_id, batch_id, accepted: rows.length });
  const record = eventsRecord(rows, delivery, outcomesBlock({ app_id, delivery_id: randomUUID(), count: 3 }));
  await producer.send([{ topic: topics.events, messages: [{ ...record, partition: 4 }] }]);

  await untilCount(
    store,
    `${withoutAnswerOf} where app_id = '${app_id}'`,
    withoutAnswerOf === "events_raw" ? 10 : 1,
  );
  writer.kill("SIGKILL");
  await once(writer, "exit");

  const next = await startTestWriter(t, kafka, url);
  await untilCount(store, `ingest_batches where batch_id = '${batch_id}'`, 1);
  await eventually(async () => {
    const behind = (await next.writer.lag()).filter(({ records }) => records > 0);
    assert.deepEqual(behind, []);
  });
  assert.equal(await countOf(store, `events where app_id = '${app_id}'`), 10);
  assert.equal(await countOf(store, `ingest_batches where batch_id = '${batch_id}'`), 1);
  assert.equal(await countOf(store, `outcomes where app_id = '${app_id}' and outcome = 'rejected'`), 1);
  return { store, app_id, batch_id };
}

/** The writer as it runs in production. */
function startWriterProcess(t: TestContext, kafka: KafkaConfig, storeUrl: string): ChildProcess {
  const child = fork(main, {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: {
      ...process.env,
      KAFKA_BROKERS: kafka.brokers.join(","),
      KAFKA_TOPIC_PREFIX: kafka.topicPrefix,
      CATALOG_RECORD_PUBLIC_KEYS: signingTexts.CATALOG_RECORD_PUBLIC_KEYS,
      CLICKHOUSE_URL: storeUrl,
      WRITER_PORT: "0",
      WRITER_FETCH_WAIT_MS: "50",
    },
  });
  t.after(() => child.kill("SIGKILL"));
  return child;
}
