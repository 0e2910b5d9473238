import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import {
  analystsDatabase,
  type ClickHouse,
  migrateUp,
  type NativeBlock,
  openBlock,
  openClickHouse,
  select,
} from "@mosis/clickhouse";
import { type IncomingRecord, type KafkaConfig, openConsumer, openProducer } from "@mosis/kafka";
import { createLifecycle, createMetrics } from "@mosis/runtime";
import { batchColumns, eventColumns, outcomeColumns } from "@mosis/types/telemetry-row";
import { blockFormat, recordHeaders, type Topic } from "@mosis/types/topics";
import Type from "typebox";
import { startWriter, type WriterOptions } from "../src/writer/writer.ts";
import { eventually, log, requiredEnv, storeTimeoutMs } from "./support.ts";

const schemaFolder = fileURLToPath(new URL("../../../infra/clickhouse", import.meta.url));

/** A database of this test alone, with all tables, on the server of the run. */
export async function freshStore(t: TestContext) {
  const { store, url } = await makeStore(requiredEnv("CLICKHOUSE_URL"));
  t.after(async () => {
    await store.command(`drop database ${analystsDatabase(store.database)}`);
    await store.command(`drop database ${store.database}`);
    await store.close();
  });
  return { store, url };
}

/** A database with all tables on any server, for the caller to take away. */
export async function makeStore(server: string) {
  const database = `t_${randomUUID().replaceAll("-", "")}`;
  const config = { url: new URL(`/${database}`, server).href, log, requestTimeoutMs: storeTimeoutMs };
  await migrateUp({ ...config, folder: schemaFolder });
  return { store: openClickHouse(config), url: config.url };
}

/** The real writer in this process. */
export async function startTestWriter(
  t: TestContext,
  kafka: KafkaConfig,
  storeUrl: string,
  sweepIntervalMs = 86_400_000,
  changes: Partial<WriterOptions> = {},
) {
  const life = createLifecycle({ log, closeTimeoutMs: 10_000 });
  t.after(() => life.close());
  const metrics = createMetrics({ service: "test" });
  const store = life.own(
    "clickhouse",
    openClickHouse({ url: storeUrl, log, requestTimeoutMs: storeTimeoutMs }),
    (it) => it.close(),
  );
  const producer = life.own("producer", await openProducer(kafka), (it) => it.close());
  const fetch = { fetchBytesMin: 1, fetchWaitMs: 50, fetchBytesMax: 8 * 1_048_576 };
  const patientStore = store;
  const writer = await startWriter({
    kafka,
    producer,
    store,
    patientStore,
    log,
    metrics,
    sweepIntervalMs,
    ...fetch,
    sweepLimits: { quietDaysMax: 3, percentMax: 50 },
    deliveriesKeptDays: 400,
    ...changes,
  });
  life.own("writer", writer, (it) => it.close());
  return { writer, metrics, close: () => life.close() };
}

export interface TestEvent {
  app_id: string;
  session_id?: string;
  client_time: number;
  key: number;
  clock_correction_ms?: number;
  received_delay_ms?: number;
  name?: string;
  kind?: number;
}

/** A Native block of events, as ingest makes them. */
export function eventsBlock(events: readonly TestEvent[]): Buffer {
  const block = openBlock(eventColumns);
  const { columns } = block;
  for (const event of events) {
    columns.app_id.push(event.app_id);
    columns.session_id.push(event.session_id ?? zero);
    columns.client_time.push(event.client_time);
    columns.event_key.push(event.key);
    columns.clock_correction_ms.push(event.clock_correction_ms ?? 0);
    columns.received_delay_ms.push(event.received_delay_ms ?? 5);
    columns.name.push(event.name ?? "test");
    columns.kind.push(event.kind ?? 1);
    columns.install_id.push(zero);
    columns.version_code.push(1);
    for (const name of contextNames) columns[name].push(name);
    columns.duration_ms.push(7);
    columns.properties_string.add("level", "forest");
    columns.properties_string.endRow();
    columns.properties_number.add("score", 12.5);
    columns.properties_number.endRow();
  }
  return block.encode();
}

const zero = "00000000-0000-0000-0000-000000000000";
const contextNames = [
  "os",
  "os_version",
  "device_model",
  "locale",
  "country",
  "network",
  "mosis_version",
] as const;

/** A Native block of one delivery. */
export function deliveryBlock(delivery: TestDelivery): Buffer {
  const block = openBlock(batchColumns);
  pushDelivery(block.columns, delivery);
  block.columns.dropped.push(0);
  return block.encode();
}

/** As ingest wrote it before there were restrictions. */
export function oldDeliveryBlock(delivery: TestDelivery): Buffer {
  const block = openBlock(oldColumns);
  pushDelivery(block.columns, delivery);
  return block.encode();
}

interface TestDelivery {
  app_id: string;
  batch_id: string;
  accepted: number;
}

const { dropped: _, ...oldColumns } = batchColumns;
type OldBlock = NativeBlock<typeof oldColumns>;

function pushDelivery(columns: OldBlock["columns"], { app_id, batch_id, accepted }: TestDelivery): void {
  columns.app_id.push(app_id);
  columns.batch_id.push(batch_id);
  columns.delivery_id.push(randomUUID());
  columns.received_at.push(Date.now());
  columns.key_id.push(zero);
  columns.accepted.push(accepted);
  for (const name of ["rejected", "warned", "discarded", "body_bytes", "clock_correction_ms"] as const) {
    columns[name].push(0);
  }
  columns.sdk_name.push("test");
  columns.sdk_version.push("1");
}

/** A Native block of what a delivery rejected. */
export function outcomesBlock(outcome: { app_id: string; delivery_id: string; count: number }): Buffer {
  const block = openBlock(outcomeColumns);
  const { columns } = block;
  columns.app_id.push(outcome.app_id);
  columns.received_at.push(Date.now());
  columns.delivery_id.push(outcome.delivery_id);
  columns.outcome.push("rejected");
  columns.reason.push("kind_unknown");
  columns.count.push(outcome.count);
  return block.encode();
}

/** A record of `telemetry.events`. */
export function eventsRecord(events: readonly TestEvent[], batches?: Buffer, outcomes?: Buffer) {
  const [first] = events;
  const month = first ? new Date(first.client_time).toISOString().slice(0, 7).replace("-", "") : "0";
  const headers: Record<string, string | Buffer> = {
    [recordHeaders.format]: blockFormat,
    [recordHeaders.rows]: String(events.length),
    [recordHeaders.month]: month,
  };
  if (batches) headers[recordHeaders.batches] = batches;
  if (outcomes) headers[recordHeaders.outcomes] = outcomes;
  return { value: events.length === 0 ? "" : eventsBlock(events), headers };
}

export async function countOf(store: ClickHouse, from: string): Promise<number> {
  const row = Type.Object({ count: Type.Integer() });
  const [counted] = await select(store, row, `select toUInt32(count()) as count from ${from}`);
  return counted?.count ?? Number.NaN;
}

export async function untilCount(store: ClickHouse, from: string, count: number): Promise<void> {
  await eventually(async () => assert.equal(await countOf(store, from), count));
}

/** The records of a topic, once there are so many. */
export async function readTopic(
  t: TestContext,
  kafka: KafkaConfig,
  topic: Topic,
  count: number,
): Promise<IncomingRecord[]> {
  const seen: IncomingRecord[] = [];
  const options = { group: randomUUID(), topics: [topic], minBytes: 1, maxWaitMs: 50 };
  const consumer = await openConsumer(
    { ...kafka, ...options, maxBytesPerPartition: 8_388_608 },
    async ({ records }) => void seen.push(...records),
  );
  t.after(() => consumer.close());
  await eventually(async () => assert.equal(seen.length, count));
  return seen;
}

export async function openTestProducer(t: TestContext, kafka: KafkaConfig) {
  const producer = await openProducer(kafka);
  t.after(() => producer.close());
  return producer;
}
