import assert from "node:assert/strict";
import { test } from "node:test";
import { many, sql } from "@mosis/postgres";
import { assertNothing, assertRefused, everyone, hashOf, raw, Row, startWithTwo } from "./api-role.ts";

// What somebody gets who runs SQL as the api does, for whatever tenant: by an injection, a stolen password.

const secretColumns = [
  ["developers", "password_hash"],
  ["api_keys", "key_hash"],
  ["api_keys", "previous_hash"],
  ["sessions", "token_hash"],
  ["account_tokens", "token_hash"],
  ["oauth_flows", "token_hash"],
  ["webhooks", "secret"],
  ["webhooks", "previous_secret"],
];

const thefts = [
  "select * from credentials",
  "update developers set name = password_hash returning name",
  "update developers set name = name where password_hash like '$argon2%' returning id",
  "insert into developers (email, name) select id || '@mosis.test', password_hash from developers",
  "select rolpassword from pg_authid",
  "select passwd from pg_shadow",
  "select stavalues1 from pg_statistic",
  "select payload from outbox",
  "select * from outbox_quarantine",
  "select pg_read_file('/etc/passwd')",
  "select lo_import('/etc/passwd')",
  "copy developers (name) from program 'id'",
  "copy developers (name) from '/etc/passwd'",
  "select get_raw_page('api_keys', 0)",
  "select query_to_xml('select key_hash from api_keys', true, true, '')",
];

// INVARIANT 43
test("the api's role reads no hash of a credential, for whatever tenant", async (t) => {
  const { apiDb, ada } = await startWithTwo(t);
  const statements = secretColumns.flatMap(([table, column]) => [
    `select ${column} from ${table}`,
    `select count(*) from ${table} where ${column} is not null having count(*) > 0`,
    `select 1 as found from ${table} order by ${column} limit 1`,
    `update ${table} set id = id returning ${column}`,
    `delete from ${table} where false returning ${column}`,
    `with all_rows as (table ${table}) select * from all_rows`,
    `copy (select ${column} from ${table}) to stdout`,
    `select to_jsonb(${table}) ->> '${column}' as stolen from ${table}`,
    `select max(${column}::text) as stolen from ${table} group by ${column}`,
  ]);
  assert.ok(statements.length >= 40);
  await assertRefused(apiDb, ["", ada.id, everyone], [...statements, ...thefts]);
  await assertNothing(
    apiDb,
    ["", ada.id, everyone],
    [
      "select most_common_vals from pg_stats where attname in ('password_hash', 'key_hash', 'token_hash')",
      `select query from pg_stat_activity
       where usename <> current_user and query <> '<insufficient privilege>'`,
    ],
  );
});

// INVARIANT 43
test("a look-up finds the one row that was presented, for its developer, and nothing else", async (t) => {
  const { apiDb, db, ada, bob, ids } = await startWithTwo(t);
  const { adaSecret = "" } = ids;
  const [session, key] = [hashOf(ada.token), hashOf(adaSecret)];
  const own = apiDb.as(ada.id);
  assert.deepEqual(await many(own, Row, sql`select developer_id from keys_of(array[${key}])`), [
    { developer_id: ada.id },
  ]);
  const lookups = [
    `select session_id_of('${session}') as id`,
    `select * from keys_of(array['${key}'])`,
    `select * from developer_of('${ada.email}')`,
    `select password_settings('${ada.id}') as id`,
  ];
  for (const text of lookups) {
    const [found] = await many(own, Row, raw(text));
    assert.ok(found && Object.values(found).every((value) => value !== null), text);
    for (const other of ["", bob.id]) {
      const rows = await many(apiDb.as(other), Row, raw(text));
      assert.ok(
        rows.every((row) => Object.values(row).every((value) => value === null)),
        `${text} for ${other}`,
      );
    }
  }
  // How it was hashed, and not the hash.
  const [settings] = await many(own, Row, sql`select password_settings(${ada.id}) as text`);
  const [stored] = await many(
    db,
    Row,
    sql`select password_hash as text from developers where id = ${ada.id}`,
  );
  assert.match(String(settings?.["text"]), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$$/);
  assert.ok(String(stored?.["text"]).startsWith(String(settings?.["text"])));
  await assertNothing(
    apiDb,
    ["", ada.id, everyone],
    [
      "select * from keys_of(null) where hash is not null",
      "select * from keys_of(array['%', '', null])",
      "select * from keys_of(array(select id::text from api_keys))",
      "select session_id_of(id::text) as id from sessions where session_id_of(id::text) is not null",
      "select 1 as right from developers where is_password(id, '') or is_password(id, null)",
      "select * from use_account_token('', array['password_reset'])",
      "select * from account_token_of(null)",
      "select * from developer_of('%')",
    ],
  );
});

// INVARIANTS 40, 70
test("the api's role makes nobody more than they are, and gives no row to somebody else", async (t) => {
  const { apiDb, ada, bob, ids } = await startWithTwo(t);
  await assertRefused(
    apiDb,
    ["", ada.id, everyone],
    [
      "update developers set role = 'admin' returning id",
      "insert into developers (email, name, role) values ('eve@mosis.test', 'Eve', 'admin') returning id",
      `update developers set id = '${ada.id}' where id = '${bob.id}' returning id`,
      "update developers set created_at = now() returning id",
      `update apps set developer_id = '${ada.id}' returning id`,
      "update apps set package_id = 'org.mosis.stolen' returning id",
      `update api_keys set developer_id = '${ada.id}' returning id`,
      "update api_keys set kind = 'management', all_apps = true returning id",
      "update api_keys set previous_hash = 'x' returning id",
      `update sessions set developer_id = '${ada.id}' returning id`,
      "update sessions set expires_at = 'infinity' returning id",
      `update account_tokens set developer_id = '${ada.id}' returning purpose`,
      `update signing_keys set developer_id = '${ada.id}', public_key = '' returning id`,
      `update webhooks set developer_id = '${ada.id}' returning id`,
      `update telemetry_restrictions set action = 'drop' returning id`,
      "update telemetry_erasures set install_hash = '' returning id",
      `update webhook_deliveries set event = '{}' returning id`,
      `update mails set recipient = 'eve@mosis.test' returning id`,
      `update api_key_apps set app_id = '${ids["bobApp"]}' returning key_id`,
      "delete from telemetry_erasures returning id",
      "delete from webhook_deliveries returning id",
      "delete from retired_package_ids returning package_id",
      "update published_apps set name = 'mine' returning app_id",
      "truncate developers cascade",
    ],
  );
});
