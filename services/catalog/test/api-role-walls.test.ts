import assert from "node:assert/strict";
import { test } from "node:test";
import { many, sql } from "@mosis/postgres";
import { topics } from "@mosis/types/topics";
import { assertRefused, everyone, hashOf, outcomeOf, raw, Row, sabotages, startWithTwo } from "./api-role.ts";
import { schemaSnapshot } from "./schema-snapshot.ts";

// What somebody who runs SQL as the api does can forge or change, for whatever tenant.

// INVARIANT 70
test("the outbox takes what the tables have: no other topic, key, developer or state", async (t) => {
  const { apiDb, db, ada, bob, ids } = await startWithTwo(t);
  const append = (topic: string, key: string, developer: string, payload: object | null = null) => `
    insert into outbox (id, aggregate_type, aggregate_id, type, payload, developer_id, topic, record_key)
    values (gen_random_uuid(), 'key', '${key}', 'key.state',
            ${payload ? `'${JSON.stringify(payload)}'` : "null"},
            '${developer}', '${topic}', '${key}')`;
  const forgedKey = { key_id: ids["bobKey"], key_hash: hashOf("known"), kind: "management", permissions: [] };
  const event = { event_id: ids["adaKey"], developer_id: bob.id, action: "key.state", target_type: "key" };
  const statements = [
    ...[
      topics.events,
      topics.rejected,
      topics.usage,
      topics.keyUses,
      topics.deadLetters,
      "elsewhere",
      "",
    ].map((topic) => append(topic, ada.id, ada.id, {})),
    append(topics.keys, String(ids["bobKey"]), ada.id, forgedKey),
    append(topics.keys, "not-an-id", ada.id, forgedKey),
    append(topics.apps, String(ids["bobApp"]), ada.id),
    append(topics.audit, bob.id, ada.id, event),
    append(topics.audit, ada.id, ada.id, event),
    append(topics.audit, ada.id, ada.id),
    append(topics.erasures, String(ids["adaApp"]), ada.id, { install_id: ids["adaApp"] }),
    "insert into outbox (position) values (1)",
    "update outbox set developer_id = developer_id",
    "delete from outbox",
  ].map((text) => `${text} returning 1 as done`);
  await assertRefused(apiDb, ["", ada.id, everyone], statements);

  // What may be announced says what is stored, whatever the caller says.
  await many(apiDb.as(ada.id), Row, raw(append(topics.keys, String(ids["adaKey"]), ada.id, forgedKey)));
  await many(apiDb.as(ada.id), Row, raw(append(topics.keys, ada.id, ada.id, forgedKey)));
  const announced = await many(
    db,
    Row,
    sql`select payload from outbox where topic = ${topics.keys} order by position desc limit 2`,
  );
  const [unknown, known] = announced.map(({ payload }) => payload as Record<string, unknown> | null);
  assert.equal(unknown, null);
  assert.deepEqual([known?.["key_id"], known?.["developer_id"]], [ids["adaKey"], ada.id]);
  assert.equal(known?.["key_hash"], hashOf(String(ids["adaSecret"])));
});

// INVARIANT 40
test("the api's role changes no wall: not its role, the policies, functions or what they read", async (t) => {
  const { apiDb, db, ada } = await startWithTwo(t);
  const before = await schemaSnapshot(db);
  // PostgreSQL only warns that nothing was granted.
  await outcomeOf(apiDb, "grant select on api_keys to mosis_api");
  const others = ["set role mosis_relay", "set role mosis_webhooks"];
  await assertRefused(apiDb, ["", ada.id, everyone], [...sabotages, ...others]);
  assert.deepEqual(await schemaSnapshot(db), before);
  const unpinned = await many(
    db,
    Row,
    sql`
      select oid::regprocedure::text as name from pg_proc
      where prosecdef and pronamespace = 'public'::regnamespace
        and not coalesce('search_path=pg_catalog, public, pg_temp' = any (proconfig), false)`,
  );
  assert.deepEqual(unpinned, [], "add: set search_path = pg_catalog, public, pg_temp");
  const open = await many(
    db,
    Row,
    sql`
      select oid::regprocedure::text as name from pg_proc
      where prosecdef and pronamespace = 'public'::regnamespace
        and exists (select from aclexplode(coalesce(proacl, acldefault('f', proowner))) where grantee = 0)`,
  );
  assert.deepEqual(open, [], "revoke execute from public, and grant it to who needs it");
});
