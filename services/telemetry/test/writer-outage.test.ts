import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { freePorts, startClickHouse } from "@mosis/devstack";
import type { Producer } from "@mosis/kafka";
import { topics } from "@mosis/types/topics";
import { openStoreDoor } from "./store-door.ts";
import {
  countOf,
  eventsRecord,
  freshStore,
  makeStore,
  openTestProducer,
  startTestWriter,
  untilCount,
} from "./stored.ts";
import { eventually, freshKafka } from "./support.ts";

// INVARIANT 4
test("while ClickHouse is away offsets and memory stay, and it goes on by itself", async (t) => {
  const [kafka, { store, url }] = await Promise.all([freshKafka(), freshStore(t)]);
  const door = await openStoreDoor(t, url);
  const { writer, metrics } = await startTestWriter(t, kafka, door.url);
  const producer = await openTestProducer(t, kafka);
  const app_id = randomUUID();
  await sendEvents(producer, app_id, { records: 1, rows: 10, firstKey: 0 });
  await untilCount(store, `events where app_id = '${app_id}'`, 10);

  door.shut();
  const heldBefore = bufferBytes();
  // 40 MB, five times of what a fetch may bring.
  await sendEvents(producer, app_id, { records: 60, rows: 4500, firstKey: 10 });
  await eventually(async () => {
    assert.match(
      await metrics.registry.metrics(),
      /writer_insert_seconds_count{[^}]*result="failed"[^}]*} [1-9]/,
    );
  });
  const behind = (await writer.lag()).reduce((sum, { records }) => sum + records, 0);
  assert.equal(behind, 60, "nothing was committed that is not stored");
  // What the producer of this test has sent is let go by and by.
  await eventually(async () => {
    const heldMb = (bufferBytes() - heldBefore) / 1e6;
    assert.ok(heldMb < 30, `${heldMb} MB are held`);
  });

  door.open();
  await untilCount(store, `events where app_id = '${app_id}'`, 10 + 60 * 4500);
});

// INVARIANT 2
test("kill -9 of ClickHouse in the middle of inserts loses nothing and shows nothing twice", async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), "mosis-writer-outage-"));
  const [httpPort = 0, tcpPort = 0] = await freePorts(2);
  const ports = { httpPort, tcpPort };
  let server = await startClickHouse({ dataDir, ...ports });
  const kafka = await freshKafka();
  const { store, url } = await makeStore(server.url);
  const writer = await startTestWriter(t, kafka, url);
  // Hooks run in the order they were made, and the writer must not be left with a server that is gone.
  t.after(async () => {
    await writer.close();
    await store.close();
    await server.kill();
    await rm(dataDir, { recursive: true, force: true });
  });
  const producer = await openTestProducer(t, kafka);
  const app_id = randomUUID();
  const sending = (async () => {
    for (let round = 0; round < 30; round++) {
      await sendEvents(producer, app_id, { records: 4, rows: 1000, firstKey: round * 4000 });
    }
  })();
  await eventually(async () => assert.ok((await countOf(store, "events_raw")) > 10_000));
  await server.kill();
  await sending;
  server = await startClickHouse({ dataDir, ...ports });
  await untilCount(store, `events where app_id = '${app_id}'`, 120_000);
});

/** Bytes of buffers that something still refers to. */
function bufferBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().arrayBuffers;
}

async function sendEvents(
  producer: Producer,
  app_id: string,
  { records, rows, firstKey }: { records: number; rows: number; firstKey: number },
): Promise<void> {
  const client_time = Date.now();
  for (let i = 0; i < records; i++) {
    const events = Array.from({ length: rows }, (_, n) => ({
      app_id,
      client_time,
      key: firstKey + i * rows + n,
    }));
    await producer.send([
      { topic: topics.events, messages: [{ ...eventsRecord(events), partition: i % 8 }] },
    ]);
  }
}
