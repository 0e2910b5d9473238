// What the tests of the relay share: topics of their own, relays, and everything that arrives.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import {
  createRecordSigner,
  createRecordVerifier,
  ensureTopics,
  generateSigningKey,
  type KafkaConfig,
  openConsumer,
  openProducer,
  type Producer,
  publicKeyOf,
  readKafka,
  textsOf,
} from "@mosis/kafka";
import { execute, one, openSession, type Pool, type Queryable, type Session, sql } from "@mosis/postgres";
import { createMetrics, type Lifecycle, newId } from "@mosis/runtime";
import { type Topic, topics } from "@mosis/types/topics";
import Type from "typebox";
import { record, systemAuthor } from "../src/changes/outbox/record.ts";
import { type RelayOptions, startRelay } from "../src/changes/outbox/relay.ts";
import { processRoles } from "../src/access/process-roles.ts";
import { log, patience, startDatabase, urlAs } from "./support.ts";

const signingKey = generateSigningKey("test");
export const signingTexts = textsOf(signingKey);

/** Topics of this test alone, as infra/kafka makes them. */
async function freshKafka(): Promise<KafkaConfig> {
  const verifier = createRecordVerifier({
    publicKeys: publicKeyOf(signingKey),
    log,
    metrics: createMetrics({ service: "test" }),
  });
  const signer = createRecordSigner(signingKey);
  const topicPrefix = `t-${newId()}-`;
  const kafka = { ...readKafka(process.env), clientId: "test", topicPrefix, log, signer, verifier };
  const spec = readFileSync(new URL("../../../infra/kafka/topics.json", import.meta.url), "utf8");
  await ensureTopics(kafka, JSON.parse(spec) as Parameters<typeof ensureTopics>[1]);
  return kafka;
}

export interface Arrived {
  topic: Topic;
  key: string;
  value: unknown;
}

/** Fresh topics, and all that arrives in them from now on, in the order of their partitions. */
export async function startKafka(life: Lifecycle) {
  const kafka = await freshKafka();
  const arrived: Arrived[] = [];
  // A consumer that stood still for longer than its session is handed a record again: it arrived once.
  const read = new Set<string>();
  const consumer = await openConsumer(
    {
      ...kafka,
      group: kafka.topicPrefix,
      topics: [topics.audit, topics.apps, topics.keys],
      minBytes: 1,
      maxWaitMs: 50,
      maxBytesPerPartition: 1_048_576,
    },
    async ({ topic, partition, records }) => {
      for (const { key, value, offset } of records) {
        const place = `${topic} ${partition} ${offset}`;
        if (read.has(place)) continue;
        read.add(place);
        const json = value === null ? null : (JSON.parse(value.toString()) as unknown);
        arrived.push({ topic, key: key?.toString() ?? "", value: json });
      }
    },
  );
  life.own("consumer", consumer, (it) => it.close());
  return { kafka, arrived };
}

export interface RelaySetting {
  life: Lifecycle;
  databaseUrl: string;
  kafka: KafkaConfig;
}

/** A real relay. A test may listen to its sessions and stand between it and its producer. */
export async function startTestRelay(
  { life, databaseUrl, kafka }: RelaySetting,
  options: {
    name?: string;
    onSession?: (session: Session) => void;
    door?: (producer: Producer) => Pick<Producer, "send">;
    limits?: Partial<RelayOptions["limits"]>;
  } = {},
) {
  const { name = "relay", onSession, door = (producer) => producer, limits } = options;
  const producer = life.own("producer", await openProducer(kafka), (it) => it.close());
  const relay = startRelay({
    async openSession() {
      const url = urlAs(processRoles.relay, databaseUrl);
      const session = await openSession({ url, name, log, ...patience });
      onSession?.(session);
      return session;
    },
    producer: door(producer),
    log,
    metrics: createMetrics({ service: "test" }),
    limits: { rowsMax: 5000, rowsPerSendMax: 1000, bytesPerSendMax: 900_000, ...limits },
    // The table is read only when a notification says so, or a session is new.
    timing: {
      lockPollMs: 20,
      takeoverDelayMs: 20,
      outboxPollMs: 60_000,
      retryDelayMs: 20,
      measureIntervalMs: 60_000,
    },
  });
  return life.own("relay", relay, (it) => it.close());
}

/** A database, topics and what arrives in them, without a relay yet. */
export async function startRelaying(t: TestContext) {
  const { life, db, databaseUrl } = await startDatabase(t, { connectionsMax: 20 });
  const { kafka, arrived } = await startKafka(life);
  return { life, db, databaseUrl, kafka, arrived };
}

/** Ends the sessions of that name, as a crash of their process or a failover would. */
export function endSessions(db: Pool, name: string) {
  return execute(
    db,
    sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = ${name} and datname = current_database()`,
  );
}

/** An event that says its number. */
export function appendNumber(tx: Queryable, developerId: string, n: number, text = ""): Promise<void> {
  return record(tx, systemAuthor(developerId, "test"), {
    action: "test.happened",
    target: { type: "test", id: developerId },
    payload: { n, text },
  });
}

/** What arrived in a topic, each record once: the relay sends again what Kafka did not confirm in time. */
export function firstArrivals(arrived: Arrived[], topic: Topic): Arrived[] {
  const own = arrived.filter((it) => it.topic === topic);
  return [...new Map(own.map((it) => [JSON.stringify(it), it])).values()];
}

/** The numbers of a developer's events as they arrived, each at its first arrival. */
export function numbersOf(arrived: Arrived[], developerId: string): number[] {
  const own = arrived.filter(({ topic, key }) => topic === topics.audit && key === developerId);
  return [...new Set(own.map(({ value }) => (value as { payload: { n: number } }).payload.n))];
}

/** Fails while something waits to be published. */
export async function outboxIsEmpty(db: Pool): Promise<void> {
  const { n } = await one(db, Type.Object({ n: Type.Integer() }), sql`select count(*) as n from outbox`);
  assert.equal(n, 0);
}
