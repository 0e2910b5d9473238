import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { KafkaConfig } from "@mosis/kafka";
import { execute, one, sql, transaction } from "@mosis/postgres";
import Type from "typebox";
import { processRoles } from "../src/access/process-roles.ts";
import { numbersOf, outboxIsEmpty, signingTexts, startRelaying } from "./relaying.ts";
import { eventually, requiredEnv, urlAs } from "./support.ts";

const Count = Type.Object({ n: Type.Integer() });

// Guards "killing any process at any moment (kill -9) loses nothing acknowledged".
// INVARIANT 2
test("a relay process killed while it publishes loses nothing, and the next one goes on", async (t) => {
  const { db, databaseUrl, kafka, arrived } = await startRelaying(t);
  const rows = 3000;
  const id = randomUUID();
  await execute(
    db,
    sql`
      insert into outbox (id, aggregate_type, aggregate_id, type, payload, developer_id, topic, record_key)
      select event_id, 'test', 'test', 'test.happened',
             json_build_object('event_id', event_id, 'developer_id', ${id}::text, 'action', 'test.happened',
                               'target_type', 'test', 'target_id', 'test',
                               'payload', json_build_object('n', n)), ${id}, 'audit.events', ${id}
      from (select n, gen_random_uuid() as event_id from generate_series(1, ${rows}) n) as events`,
  );
  // The lock of a row in the middle holds the relay there: it has sent what it cannot forget yet.
  const killed = Promise.withResolvers<void>();
  const holder = transaction(db, async (tx) => {
    await execute(tx, sql`select from outbox order by position offset 1500 limit 1 for update`);
    await killed.promise;
  });
  const first = startProcess(t, { databaseUrl, kafka });
  await eventually(() => assert.ok(arrived.length >= 2000));
  first.kill("SIGKILL");
  await once(first, "exit");
  const { n: left } = await one(db, Count, sql`select count(*) as n from outbox`);
  assert.ok(left >= 1500, "it was killed in the middle");
  killed.resolve();
  await holder;

  startProcess(t, { databaseUrl, kafka });
  await eventually(() => outboxIsEmpty(db));
  const expected = Array.from({ length: rows }, (_, i) => i + 1);
  await eventually(() => assert.equal(numbersOf(arrived, id).length, rows));
  assert.deepEqual(numbersOf(arrived, id), expected);
});

/** The relay as it runs in production, killed after the test. */
function startProcess(t: TestContext, { databaseUrl, kafka }: { databaseUrl: string; kafka: KafkaConfig }) {
  const main = fileURLToPath(new URL("../src/main/relay.ts", import.meta.url));
  const child = spawn(process.execPath, [main], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...process.env,
      DATABASE_URL: urlAs(processRoles.relay, databaseUrl),
      KAFKA_BROKERS: requiredEnv("KAFKA_BROKERS"),
      KAFKA_TOPIC_PREFIX: kafka.topicPrefix,
      ...signingTexts,
      RELAY_PORT: "0",
    },
  });
  t.after(() => child.kill("SIGKILL"));
  return child;
}
