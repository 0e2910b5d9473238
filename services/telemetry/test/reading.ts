import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { openClickHouse } from "@mosis/clickhouse";
import { listen, type RequestRates } from "@mosis/http";
import { type KafkaConfig, openProducer, type Producer } from "@mosis/kafka";
import { createLifecycle, createMetrics } from "@mosis/runtime";
import type { KeyState } from "@mosis/types/keys";
import type { ProblemBody } from "@mosis/types/problems";
import { topics } from "@mosis/types/topics";
import { createQuery } from "../src/query.ts";
import { eventually, log, nextPosition, publishApp, storeTimeoutMs, untilReady } from "./support.ts";

/** So many that no test meets them but the one that is about them. */
const requestRates = { reads: 1e7, writes: 1e7, publicReads: 1e7, publicWrites: 1e7 };

/** The real query over the given topics and tables, ready, on a port of its own. */
export async function startQuery(
  t: TestContext,
  kafka: KafkaConfig,
  storeUrl: string,
  options: { requestRates?: RequestRates } = {},
) {
  const life = createLifecycle({ log, closeTimeoutMs: 10_000 });
  t.after(() => life.close());
  const store = life.own(
    "clickhouse",
    openClickHouse({ url: storeUrl, log, requestTimeoutMs: storeTimeoutMs }),
    (it) => it.close(),
  );
  const metrics = createMetrics({ service: "test" });
  const producer = life.own("producer", await openProducer(kafka), (it) => it.close());
  const {
    apps: { app },
  } = await createQuery({
    kafka,
    producer,
    store,
    log,
    metrics,
    life,
    trustedProxies: [],
    requestRates,
    ...options,
  });
  const limits = { port: 0, requestTimeoutMs: 30_000, headersTimeoutMs: 5000 };
  const server = life.own("server", await listen(app, limits), (it) => it.close());
  await untilReady(server.url);
  return server.url;
}

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** @param token null sends no Authorization. */
export async function get<T = ProblemBody>(url: string, token: string | null): Promise<Answer<T>> {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(url, { headers });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as T };
}

/** An app and a management key for all apps of its developer, known to the query at the URL. */
export async function publishReader(url: string, producer: Producer, changes: Partial<KeyState> = {}) {
  const published = await publishApp(producer, {
    kind: "management",
    permissions: ["telemetry:read", "audit:read"],
    app_ids: null,
    ...changes,
  });
  await eventually(async () => {
    assert.notEqual((await get(`${url}/v1/audit`, published.secret)).status, 401);
  });
  return published;
}

/** A further app of a developer, as the catalog publishes it. */
export async function publishFurtherApp(producer: Producer, developer_id: string) {
  const app = {
    app_id: randomUUID(),
    developer_id,
    package_id: `org.mosis.f${randomInt(1e9)}`,
    name: "Further",
    status: "published",
    updated_at: new Date().toISOString(),
  };
  await producer.send([
    {
      topic: topics.apps,
      messages: [{ key: app.app_id, value: JSON.stringify(app), headers: nextPosition() }],
    },
  ]);
  return app;
}
