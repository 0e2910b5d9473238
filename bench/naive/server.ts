// Ingests events as most people would write it: a body parser, a schema, and one message for each event.
import express from "express";
import { Kafka } from "kafkajs";
import { Batch, kafkaOptions, naiveTopic, rowsOf } from "./contract.ts";

const { kafka, keys } = JSON.parse(process.argv[2] ?? "{}") as {
  kafka: Record<string, string>;
  /** Ingest key → app id. */
  keys: Record<string, string>;
};

const producer = new Kafka(kafkaOptions(kafka)).producer();
await producer.connect();

const app = express();
app.use(express.json({ limit: "5mb" }));

app.post("/v1/telemetry/batches", async (req, res) => {
  const appId = keys[req.headers.authorization?.replace("Bearer ", "") ?? ""];
  if (appId === undefined) return res.status(401).json({ error: "The key is unknown." });
  const batch = Batch.safeParse(req.body);
  if (!batch.success) return res.status(422).json({ error: batch.error.issues });
  const rows = rowsOf(batch.data, appId, new Date());
  await producer.send({
    topic: naiveTopic,
    acks: -1,
    messages: rows.map((row) => ({ key: row.event_id, value: JSON.stringify(row) })),
  });
  return res.status(202).json({ batch_id: batch.data.batch_id, accepted: rows.length });
});

const server = app.listen(0, "127.0.0.1", () => process.send?.({ address: server.address() }));
process.once("disconnect", () => process.exit());
