import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { type IncomingRecord, type KafkaConfig, openConsumer } from "@mosis/kafka";
import { batchColumns, eventColumns, rejectedColumns } from "@mosis/types/telemetry-row";
import { recordHeaders, topics } from "@mosis/types/topics";
import { eventually, requiredEnv } from "./support.ts";

type Row = Record<string, unknown>;

/**
 * What ingest wrote to Kafka, read back by ClickHouse itself: the blocks are inserted into tables of
 * exactly the wire's columns, without the writer.
 */
export async function readIngested(t: TestContext, kafka: KafkaConfig) {
  const database = `ingest_${randomUUID().replaceAll("-", "")}`;
  await query(`create database ${database}`);
  t.after(() => query(`drop database ${database}`));
  const tables = { events: eventColumns, batches: batchColumns, rejected: rejectedColumns };
  for (const [name, columns] of Object.entries(tables)) {
    const list = Object.entries(columns).map(([column, type]) => `\`${column}\` ${tableType(type)}`);
    await query(`create table ${database}.${name} (${list.join(", ")}) engine = Memory`);
  }
  const insert = (table: string, block: Buffer) =>
    query(`insert into ${database}.${table} format Native`, block);
  const records: (IncomingRecord & { topic: string; partition: number })[] = [];
  const seen = new Set<string>();
  const consumer = await openConsumer(
    {
      ...kafka,
      group: randomUUID(),
      topics: [topics.events, topics.rejected],
      minBytes: 1,
      maxWaitMs: 50,
      maxBytesPerPartition: 2_097_152,
    },
    async ({ topic, partition, records: fetched }) => {
      for (const record of fetched) {
        // A rebalance may bring a record twice; what is asked here is what ingest wrote.
        const place = `${topic} ${partition} ${record.offset}`;
        if (seen.has(place)) continue;
        seen.add(place);
        const { value, headers } = record;
        const table = topic === topics.events ? "events" : "rejected";
        if (value && value.length > 0) await insert(table, value);
        const batches = headers[recordHeaders.batches];
        if (batches) await insert("batches", batches);
        records.push({ ...record, topic, partition });
      }
    },
  );
  t.after(() => consumer.close());
  const rows = async (table: keyof typeof tables, where = "1"): Promise<Row[]> => {
    const text = await query(`select * from ${database}.${table} where ${where} format JSONEachRow`);
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Row);
  };
  return {
    records,
    rows,
    /** The rows of one batch id and its events, once the batch is there. */
    async batch(batchId: string): Promise<Row> {
      return eventually(async () => {
        const [row] = await rows("batches", `batch_id = '${batchId}'`);
        assert.ok(row, `batch ${batchId} is not there`);
        return row;
      });
    },
  };
}

/** A table of few rows does without dictionaries, and ClickHouse refuses one of UUIDs. */
function tableType(type: string): string {
  return type === "LowCardinality(UUID)" ? "UUID" : type;
}

async function query(text: string, block?: Buffer): Promise<string> {
  const url = new URL(requiredEnv("CLICKHOUSE_URL"));
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const settings = "output_format_json_quote_64bit_integers=0";
  const target = `${url.origin}/?${settings}${block ? `&query=${encodeURIComponent(text)}` : ""}`;
  const answer = await fetch(target, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` },
    body: block ? new Uint8Array(block) : text,
  });
  const body = await answer.text();
  assert.equal(answer.status, 200, body);
  return body;
}
