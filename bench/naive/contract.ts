// The contract of a batch in zod, and the row that an event becomes, as most people would write them.
import type { KafkaConfig } from "kafkajs";
import { logLevel } from "kafkajs";
import { z } from "zod";

export const naiveTopic = "bench.naive-events";
/**
 * Returns the options with which a client connects to Kafka, from the variables that the platform has passed.
 */
export function kafkaOptions(variables: Record<string, string | undefined>): KafkaConfig {
  const { KAFKA_BROKERS = "", KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = variables;
  const options = { brokers: KAFKA_BROKERS.split(","), logLevel: logLevel.ERROR };
  if (username === undefined || password === undefined) return options;
  return { ...options, sasl: { mechanism: "plain", username, password } };
}

export const naiveTable = "bench_naive_events";

const short = z.string().max(100);

const Context = z.object({
  install_id: z.uuid().optional(),
  version_code: z.int().min(0).max(4_294_967_295).optional(),
  os: short.optional(),
  os_version: short.optional(),
  device_model: short.optional(),
  locale: short.optional(),
  country: short.optional(),
  network: short.optional(),
  mosis_version: short.optional(),
});

const Event = z.object({
  event_id: z.uuid(),
  name: z.string().min(1).max(100),
  kind: z.enum(["event", "screen", "perf", "error", "crash"]).optional(),
  time: z.union([z.number(), z.iso.datetime()]),
  session_id: z.uuid().optional(),
  duration_ms: z.number().min(0).max(4_294_967_295).optional(),
  properties: z.record(z.string().max(64), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

export const Batch = z.object({
  batch_id: z.uuid(),
  sent_at: z.union([z.number(), z.iso.datetime()]).optional(),
  sdk: z.object({ name: short, version: short }).optional(),
  context: Context.optional(),
  events: z.array(Event).max(1000),
});
export type Batch = z.infer<typeof Batch>;

/** Returns the rows of the table, one for each event. */
export function rowsOf(batch: Batch, appId: string, receivedAt: Date) {
  return batch.events.map((event) => ({
    app_id: appId,
    ...batch.context,
    event_id: event.event_id,
    name: event.name,
    kind: event.kind ?? "event",
    time: new Date(event.time).toISOString(),
    received_at: receivedAt.toISOString(),
    session_id: event.session_id,
    duration_ms: Math.round(event.duration_ms ?? 0),
    properties: Object.fromEntries(
      Object.entries(event.properties ?? {}).map(([key, value]) => [key, String(value)]),
    ),
  }));
}
