import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { openProducer } from "@mosis/kafka";
import { execute, one, sql } from "@mosis/postgres";
import { createLifecycle } from "@mosis/runtime";
import { Timestamp } from "@mosis/types/formats";
import type { KeyUseRecord } from "@mosis/types/key-uses";
import { topics } from "@mosis/types/topics";
import Type from "typebox";
import { followKeyUses } from "../src/keys/uses.ts";
import { processRoles } from "../src/access/process-roles.ts";
import { createKey } from "./keys-support.ts";
import { startKafka } from "./relaying.ts";
import { eventually, log, openPoolAs, startCatalog } from "./support.ts";

const Row = Type.Object({ last_used_at: Type.Union([Timestamp, Type.Null()]) });

test("a key that telemetry has seen is shown as used, to five minutes, whatever else is told", async (t) => {
  const { as, db, databaseUrl } = await startCatalog(t);
  const life = createLifecycle({ log, closeTimeoutMs: 10_000 });
  t.after(() => life.close());
  const { kafka } = await startKafka(life);
  const producer = life.own("producer", await openProducer(kafka), (it) => it.close());
  life.own(
    "uses",
    await followKeyUses({ kafka, db: openPoolAs(life, processRoles.relay, databaseUrl), log }),
    (it) => it.close(),
  );
  const ada = await as("ada");
  const [used, marker] = [await createKey(ada, { kind: "ingest" }), await createKey(ada)];
  const lastUsed = async (id: string) =>
    (await one(db, Row, sql`select last_used_at from api_keys where id = ${id}`)).last_used_at;
  const send = (value: unknown) =>
    producer.send([{ topic: topics.keyUses, messages: [{ value: JSON.stringify(value) }] }]);
  const tell = (used_at: KeyUseRecord["used_at"]) => send({ used_at });
  /** Records are taken in order: what was told before this one has been seen. */
  const untilTaken = async () => {
    await execute(db, sql`update api_keys set last_used_at = null where id = ${marker.id}`);
    await tell({ [marker.id]: Date.now() });
    await eventually(async () => assert.ok(await lastUsed(marker.id)));
  };
  const at = Date.now() - 3_600_000;
  await tell({ [used.id]: at });
  await untilTaken();
  assert.equal(await lastUsed(used.id), new Date(at).toISOString());
  // Sooner than five minutes, from before, of a key that is not there, and what is no record.
  await tell({ [used.id]: at + 299_000 });
  await tell({ [used.id]: at - 600_000, [randomUUID()]: at, "no id": at });
  for (const wrong of [null, {}, { used_at: { [used.id]: -1 } }]) await send(wrong);
  await untilTaken();
  assert.equal(await lastUsed(used.id), new Date(at).toISOString());
  await tell({ [used.id]: at + 300_000 });
  await untilTaken();
  assert.equal(await lastUsed(used.id), new Date(at + 300_000).toISOString());
  // Of a clock that is far ahead, it is now.
  await tell({ [used.id]: Number.MAX_SAFE_INTEGER });
  await untilTaken();
  assert.ok(Math.abs(Date.parse((await lastUsed(used.id)) ?? "") - Date.now()) < 60_000);
});
