import assert from "node:assert/strict";
import { createHash, randomInt, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { crc32 } from "node:zlib";
import { listen } from "@mosis/http";
import {
  createRecordSigner,
  createRecordVerifier,
  ensureTopics,
  generateSigningKey,
  type KafkaConfig,
  openProducer,
  type Producer,
  publicKeyOf,
  readKafka,
  type RecordPublicKeys,
  textsOf,
  type TopicSpecs,
} from "@mosis/kafka";
import { createLifecycle, createLogger, createMetrics } from "@mosis/runtime";
import type { AppState } from "@mosis/types/apps";
import { base62, keyChecksum } from "@mosis/types/key-format";
import type { KeyState } from "@mosis/types/keys";
import type { TelemetryLimits } from "@mosis/types/telemetry-limits";
import type { RestrictionState } from "@mosis/types/telemetry-restrictions";
import { completenessKey, outboxHeaders, stateTopics, type Topic, topics } from "@mosis/types/topics";
import { createIngest, type IngestOptions } from "../src/ingest.ts";

export const log = createLogger({ service: "test", level: process.env["TEST_LOG_LEVEL"] ?? "silent" });

/** How long a test waits for what must come. */
const deadlineMs = 60_000;
/** Of ClickHouse's answers: a machine that stands still for some seconds is not what a test is about. */
export const storeTimeoutMs = 20_000;

/** Topics of this test alone, on the broker of the run. */
export async function freshKafka(
  env: Record<string, string | undefined> = process.env,
): Promise<KafkaConfig> {
  const topicPrefix = `t-${randomUUID()}-`;
  const kafka = { ...readKafka(env), clientId: "test", topicPrefix, log, ...signing };
  await ensureTopics(kafka, readTopics());
  await publishCompleteness(kafka);
  return kafka;
}

/** What infra/kafka says of topics. Default: of all. */
export function readTopics(which?: readonly Topic[]): TopicSpecs {
  const spec = readFileSync(new URL("../../../infra/kafka/topics.json", import.meta.url), "utf8");
  const all = Object.entries(JSON.parse(spec) as TopicSpecs);
  return Object.fromEntries(all.filter(([topic]) => which?.includes(topic as Topic) ?? true));
}

/** Says that the compacted topics have every state, as a relay does that has just published them. */
export async function publishCompleteness(kafka: KafkaConfig): Promise<void> {
  const value = JSON.stringify({ from: 0, to: 0 });
  const producer = await openProducer(kafka);
  await producer.send(
    stateTopics.map((topic) => ({
      topic,
      messages: [{ key: completenessKey, value, headers: nextPosition() }],
    })),
  );
  await producer.close();
}

/** What the relay signs with in these tests. */
export const signingKey = generateSigningKey("test");
export const signingTexts = textsOf(signingKey);
const signing = {
  signer: createRecordSigner(signingKey),
  verifier: verifierOf(publicKeyOf(signingKey)),
};

export function verifierOf(publicKeys: RecordPublicKeys, metrics = createMetrics({ service: "test" })) {
  return createRecordVerifier({ publicKeys, log, metrics });
}

/** The real ingest over the given topics, listening on a port of its own. Ready or not: see `untilReady`. */
export async function startIngest(t: TestContext, kafka: KafkaConfig, options: Partial<IngestOptions> = {}) {
  const life = createLifecycle({ log, closeTimeoutMs: 10_000 });
  t.after(() => life.close());
  const producer = life.own("producer", await openProducer(kafka), (it) => it.close());
  const {
    apps: { app },
    admits,
  } = await createIngest({
    kafka,
    producer,
    log,
    life,
    metrics: createMetrics({ service: "test" }),
    bodyTimeoutMs: 2000,
    heldBytesMax: 64 * 1_048_576,
    countryHeader: null,
    corsOrigins: [],
    usageIntervalMs: 100,
    trustedProxies: [],
    // So much that no test meets it but those that are about it.
    waste: { addressMsPerSecond: 1e6, keyMsPerSecond: 1e6 },
    addressShares: { ratePercent: 100, dayPercent: 100, refusedPercent: 100 },
    ...options,
  });
  const limits = { port: 0, requestTimeoutMs: 30_000, headersTimeoutMs: 5000, admits };
  const server = life.own("server", await listen(app, limits), (it) => it.close());
  return { url: server.url, producer };
}

export async function untilReady(url: string): Promise<void> {
  await eventually(async () => assert.equal((await fetch(`${url}/readyz`)).status, 200));
}

/** Repeats a check until it passes; fails with its last error after the deadline. */
export async function eventually<T>(check: () => Promise<T>, timeoutMs = deadlineMs): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

/** An app and an ingest key of it, published as the catalog does. */
export async function publishApp(
  producer: Producer,
  changes: Partial<KeyState> = {},
  limits: Partial<TelemetryLimits> = {},
) {
  const app: AppState = {
    app_id: randomUUID(),
    developer_id: randomUUID(),
    package_id: `org.mosis.t${randomInt(1e9)}`,
    name: "Test",
    status: "published",
    updated_at: new Date().toISOString(),
    ...limits,
  };
  const secret = newSecret();
  const key: KeyState = {
    key_id: randomUUID(),
    key_hash: createHash("sha256").update(secret).digest("hex"),
    kind: "ingest",
    developer_id: app.developer_id,
    permissions: ["telemetry:write"],
    app_ids: [app.app_id],
    expires_at: null,
    ...changes,
  };
  await publishStates(producer, { app, key });
  return { app, key, secret };
}

export async function publishStates(
  producer: Pick<Producer, "send">,
  { app, key }: { app: AppState; key: KeyState },
): Promise<void> {
  await producer.send([
    {
      topic: topics.apps,
      messages: [{ key: app.app_id, value: JSON.stringify(app), headers: nextPosition() }],
    },
    {
      topic: topics.keys,
      messages: [{ key: key.key_id, value: JSON.stringify(key), headers: nextPosition() }],
    },
  ]);
}

/** A restriction, as the catalog publishes it. @returns its id. */
export async function restrict(producer: Producer, changes: Partial<RestrictionState>): Promise<string> {
  const state: RestrictionState = {
    restriction_id: randomUUID(),
    developer_id: null,
    app_id: null,
    key_id: null,
    event_name: null,
    action: "drop",
    rate: null,
    expires_at: null,
    ...changes,
  };
  const message = { key: state.restriction_id, value: JSON.stringify(state), headers: nextPosition() };
  await producer.send([{ topic: topics.restrictions, messages: [message] }]);
  return state.restriction_id;
}

let position = 0;

/** The header of a record that comes out of the outbox behind all before it. */
export function nextPosition(): Record<string, string> {
  return { [outboxHeaders.position]: String(++position) };
}

export function newSecret(): string {
  const letters = Array.from({ length: 40 }, () => base62.charAt(randomInt(62)));
  const body = `mi_live_${letters.join("")}`;
  return body + keyChecksum(crc32(body));
}

/** A variable that the runner of the tests sets: where the real servers are. */
export function requiredEnv(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} names the server to test with`);
  return value;
}
