import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, sql } from "@mosis/postgres";
import Type from "typebox";
import { type ProcessRole, processRoles } from "../src/access/process-roles.ts";
import { assertNothing, assertRefused, everyone, raw, sabotages, startWithTwo } from "./api-role.ts";
import { schemaSnapshot } from "./schema-snapshot.ts";
import { openPoolAs, startDatabase } from "./support.ts";

// What the relay and webhooks may do in the database, and what somebody who runs SQL as one of them may not.
// That they may do all that they need: their own tests run as these roles.

/** By table or sequence, every right, columns in their order. */
const rights: Record<"mosis_relay" | "mosis_webhooks", Record<string, string[]>> = {
  mosis_relay: {
    api_keys: ["select (developer_id, disabled, id, last_used_at)", "update (last_used_at)"],
    apps: ["select (developer_id, id)"],
    outbox: [
      "delete",
      "insert (aggregate_id, aggregate_type, developer_id, id, record_key, topic, type)",
      "select",
    ],
    outbox_position: ["select", "update", "usage"],
    outbox_quarantine: [
      "insert (aggregate_id, aggregate_type, created_at, developer_id, id, payload, position, reason, " +
        "record_key, topic, transaction_id, type)",
      "select (position)",
    ],
    state_publications: [
      "insert (completed_at, signing_key)",
      "select (completed_at, is_only_row, signing_key)",
      "update (completed_at, signing_key)",
    ],
    telemetry_restrictions: ["select (created_by, developer_id, id)"],
    webhook_deliveries: [
      "insert (developer_id, event, event_id, id, type, webhook_id)",
      "select (event_id, webhook_id)",
    ],
    webhooks: ["select (developer_id, disabled_at, event_types, id, permissions, quarantined_at)"],
  },
  mosis_webhooks: {
    outbox: ["insert (aggregate_id, aggregate_type, developer_id, id, payload, record_key, topic, type)"],
    outbox_position: ["usage"],
    webhook_deliveries: [
      "delete",
      "select",
      "update (attempts, duration_ms, error, last_attempt_at, next_attempt_at, response_status, status)",
    ],
    webhooks: [
      "select",
      "update (disabled_at, disabled_reason, failing_since, previous_secret, previous_secret_until, " +
        "updated_at)",
    ],
  },
};

const Right = Type.Object({ name: Type.String(), right: Type.String() });

// INVARIANT 70
test("the relay and webhooks have a role each that owns nothing, and has these rights", async (t) => {
  const { db } = await startDatabase(t);
  for (const [role, expected] of Object.entries(rights)) {
    const rows = await many(
      db,
      Right,
      sql`
        select relname::text as name, lower(privilege_type) as right
        from pg_class, aclexplode(relacl)
        where relnamespace = 'public'::regnamespace and pg_get_userbyid(grantee) = ${role}
        union all
        select relname, format('%s (%s)', lower(privilege_type), string_agg(attname, ', ' order by attname))
        from pg_class join pg_attribute on attrelid = pg_class.oid, aclexplode(attacl)
        where relnamespace = 'public'::regnamespace and pg_get_userbyid(grantee) = ${role}
        group by relname, privilege_type
        order by 1, 2`,
    );
    const found = Map.groupBy(rows, ({ name }) => name);
    const byName = [...found].map(([name, all]) => [name, all.map(({ right }) => right)]);
    assert.deepEqual(Object.fromEntries(byName), expected, role);
    const Role = Type.Object({ powers: Type.Boolean(), owns: Type.Integer(), member: Type.Integer() });
    const [of] = await many(
      db,
      Role,
      sql`
        select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as powers,
               (select count(*)::int from pg_class where relowner = pg_roles.oid) as owns,
               (select count(*)::int from pg_auth_members where member = pg_roles.oid) as member
        from pg_roles where rolname = ${role}`,
    );
    assert.deepEqual(of, { powers: false, owns: 0, member: 0 }, role);
  }
});

const secrets = [
  "select * from developers",
  "select email from developers",
  "select key_hash from api_keys",
  "select name from api_keys",
  "select * from api_keys",
  "select token_hash from sessions",
  "select id from sessions",
  "select secret from totps",
  "select recipient from mails",
  "select id from account_tokens",
  "select install_hash from telemetry_erasures",
  "select * from keys_of(array[''])",
  "select session_id_of('')",
  "select password_settings(null)",
  "select rolpassword from pg_authid",
  "select pg_read_file('/etc/passwd')",
  "copy webhooks (url) to program 'id'",
];

const changes = [
  "update developers set role = 'admin' returning id",
  "update api_keys set disabled = false returning id",
  "update api_keys set key_hash = 'x' returning id",
  "update apps set status = 'published' returning id",
  "update outbox set payload = null returning id",
  "update webhooks set url = 'https://thief.example/' returning id",
  "update webhook_deliveries set event = '{}' returning id",
  "delete from api_keys returning id",
  "delete from webhooks returning id",
  "delete from state_publications returning signing_key",
  "delete from outbox_quarantine returning position",
  "insert into developers (email, name) values ('eve@mosis.test', 'Eve') returning id",
  "insert into mails (recipient) values ('eve@mosis.test') returning id",
  "truncate outbox",
];

// INVARIANT 70
test("the relay's role reads no secret and no address, and makes up no event", async (t) => {
  const { ada, ids, processDb, attack } = await startAs(t, processRoles.relay);
  const key = String(ids["adaKey"]);
  await attack([
    "select url from webhooks",
    "select secret from webhooks",
    "select event from webhook_deliveries",
    "select name from apps",
    "select event_name from telemetry_restrictions",
    "update webhook_deliveries set status = 'failed'",
    "delete from webhook_deliveries",
    "update webhooks set disabled_at = now()",
    "select reason from outbox_quarantine",
    "set role mosis_webhooks",
    append({ topic: "audit.events", type: "key.created" }, ada.id, ada.id),
    append({ topic: "telemetry.erasures", type: "erasure.state" }, ada.id, ada.id),
    append({ topic: "telemetry.events", type: "key.state" }, ada.id, ada.id),
    append({ topic: "catalog.keys", type: "key.state", payload: "{}" }, ada.id, key),
  ]);
  // What it announces of a key is what is stored of it.
  assert.equal(
    await execute(processDb, raw(append({ topic: "catalog.keys", type: "key.state" }, ada.id, key))),
    1,
  );
});

// INVARIANT 70
test("the role of webhooks reads no outbox, makes no delivery, and makes up no event", async (t) => {
  const { db, ada, ids, processDb, attack } = await startAs(t, processRoles.webhooks);
  await execute(
    db,
    sql`
      insert into webhook_deliveries (id, developer_id, webhook_id, event_id, type, event)
      select uuidv7(), developer_id, id, uuidv7(), 'app.created', '{}' from webhooks`,
  );
  const key = String(ids["adaKey"]);
  await attack([
    "select payload from outbox",
    "select id from apps",
    "delete from outbox",
    "select last_value from outbox_position",
    "select setval('outbox_position', 1)",
    "update webhooks set secret = ''",
    "update webhooks set quarantined_at = null",
    "update webhooks set developer_id = id",
    "update webhook_deliveries set webhook_id = id",
    `insert into webhook_deliveries (id, developer_id, webhook_id, event_id, type, event)
     select uuidv7(), developer_id, id, uuidv7(), 'app.created', '{}' from webhooks`,
    "set role mosis_relay",
    append({ topic: "audit.events", type: "key.created", payload: "{}" }, ada.id, ada.id),
    append({ topic: "catalog.keys", type: "key.state" }, ada.id, key),
    append({ topic: "catalog.keys", type: "webhook.disabled" }, ada.id, key),
  ]);
  // It forgets what has ended, and never what is still to be delivered.
  await assertNothing(processDb, ["", everyone], ["delete from webhook_deliveries returning id"]);
});

/** Two developers, a pool of a process's role, and a way to try what has to be refused to it. */
async function startAs(t: Parameters<typeof startWithTwo>[0], role: ProcessRole) {
  const catalog = await startWithTwo(t);
  const { life, databaseUrl, db, ada } = catalog;
  const processDb = openPoolAs(life, role, databaseUrl);
  const attack = async (statements: string[]) => {
    const before = await schemaSnapshot(db);
    await assertRefused(processDb, ["", ada.id, everyone], [...secrets, ...changes, ...statements]);
    await assertRefused(processDb, [""], [...sabotages, "set role mosis_api"]);
    assert.deepEqual(await schemaSnapshot(db), before);
  };
  return { ...catalog, processDb, attack };
}

/** A statement that puts a row into the outbox, with a payload if one is said. */
function append(
  { topic, type, payload }: { topic: string; type: string; payload?: string },
  developerId: string,
  key: string,
): string {
  const [column, value] = payload === undefined ? ["", ""] : [", payload", `, '${payload}'`];
  return `
    insert into outbox (id, aggregate_type, aggregate_id, type, developer_id, topic, record_key${column})
    values (uuidv7(), 'key', '${key}', '${type}', '${developerId}', '${topic}', '${key}'${value})`;
}
