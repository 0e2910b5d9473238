// Consumes events as most people would write it: parse each message, insert each batch as JSON.
import { createClient } from "@clickhouse/client";
import { Kafka } from "kafkajs";
import { kafkaOptions, naiveTable, naiveTopic } from "./contract.ts";

const { kafka, clickhouse } = JSON.parse(process.argv[2] ?? "{}") as {
  kafka: Record<string, string>;
  clickhouse: string;
};

const client = createClient({ url: clickhouse });
const consumer = new Kafka(kafkaOptions(kafka)).consumer({
  groupId: "bench-naive",
  // These are larger than the defaults, in its favour: with 1 byte and 1 MiB, an insert has a few thousand
  // rows.
  minBytes: 8_388_608,
  maxBytesPerPartition: 8_388_608,
  maxWaitTimeInMs: 1000,
  sessionTimeout: 60_000,
});
await consumer.connect();
await consumer.subscribe({ topic: naiveTopic, fromBeginning: true });
await consumer.run({
  eachBatch: async ({ batch }) => {
    const rows = batch.messages.map(({ value }) => JSON.parse(String(value)) as unknown);
    await client.insert({
      table: naiveTable,
      values: rows,
      format: "JSONEachRow",
      // One insert makes one part, like our own inserts.
      clickhouse_settings: { async_insert: 0, date_time_input_format: "best_effort" },
    });
  },
});
process.send?.({ ready: true });
process.once("disconnect", () => process.exit());
