import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { execute, many, sql } from "@mosis/postgres";
import type { Session } from "@mosis/types/sessions";
import Type from "typebox";
import { sendMails } from "./mailbox.ts";
import { type Caller, eventually, startCatalog } from "./support.ts";

const agent = "Portal/1.0";

interface Account {
  email: string;
  password: string;
}

const Waiting = Type.Object({ recipient: Type.String() });
const Noticed = Type.Object({ device: Type.String() });

/** Requests come as from a proxy, which says whom it has them from. */
async function start(t: TestContext) {
  const catalog = await startCatalog(t, { trustedProxies: ["127.0.0.0/8"] });
  const signIn = async (from: string, { email, password }: Account, userAgent = agent) => {
    const asked = catalog.anyone.post("/v1/sessions", { email, password });
    const { body } = await asked.set("X-Forwarded-For", from).set("User-Agent", userAgent).expect(201);
    const { token } = body as { token: string };
    return { ...catalog.withBearer(token), token };
  };
  const notices = async () => {
    // As if each had been taken by a sender, so that the next one does not join it.
    await execute(catalog.db, sql`update mails set attempts = 1`);
    return (await many(catalog.db, Waiting, sql`select recipient from mails where kind = 'new_device'`))
      .length;
  };
  /** Devices that a mail tells of: those of a moment are one mail. */
  const noticed = async () =>
    (await many(catalog.db, Noticed, sql`select device from known_devices where noticed_at is not null`))
      .length;
  return { ...catalog, signIn, notices, noticed };
}

const sessionsOf = async (caller: Caller) =>
  ((await caller.get("/v1/sessions").expect(200)).body as { data: Session[] }).data;

// Guards "whoever has an account is told of a device that is new".
// INVARIANT 46
test("a sign-in from a new network or with a new client is mailed once, and the first is not", async (t) => {
  const { as, signIn, notices, db } = await start(t);
  const ada = await as("ada");
  assert.equal(await notices(), 0, "the first device of an account is nothing to warn of");
  await signIn("192.0.2.1", ada);
  assert.equal(await notices(), 1);
  await signIn("192.0.2.77", ada);
  await signIn("192.0.2.1", ada, "Portal/1.2");
  assert.equal(await notices(), 1, "the same network and client");
  await signIn("192.0.2.1", ada, "curl/8");
  assert.equal(await notices(), 2);
  await signIn("2001:db8:1:2::3", ada);
  await signIn("2001:db8:1:9::3", ada);
  assert.equal(await notices(), 3);
  await execute(db, sql`update known_devices set last_seen_at = now() - interval '91 days'`);
  await signIn("192.0.2.1", ada);
  assert.equal(await notices(), 4, "who was not seen for long is new again");
});

// Guards "mails that nobody asked for are bounded, and none goes to an address that was not confirmed".
test("at most five notices a day are mailed, and none to an unconfirmed address", async (t) => {
  const { as, anyone, signIn, noticed } = await start(t);
  const ada = await as("ada");
  await Promise.all(Array.from({ length: 9 }, (_, index) => signIn(`198.51.${index}.1`, ada)));
  assert.equal(await noticed(), 5);

  const bob = { email: "bob@mosis.test", password: "the password of bob" };
  await anyone.post("/v1/developers", { ...bob, name: "Bob" }).expect(201);
  for (const from of ["192.0.2.1", "198.51.100.1"]) await signIn(from, bob);
  assert.equal(await noticed(), 5);
});

test("a session says from where it was begun and last used, to its developer alone", async (t) => {
  const { as, signIn, db, startAnother } = await start(t);
  const [ada, bob] = await Promise.all([as("ada"), as("bob")]);
  const { token, ...session } = await signIn("2001:db8::17", ada);
  const [begun] = await sessionsOf(session);
  assert.deepEqual([begun?.address, begun?.last_address], ["2001:db8::17", "2001:db8::17"]);
  await execute(db, sql`update sessions set last_used_at = now() - interval '6 minutes'`);
  // Another process, which has not looked the session up yet.
  const later = (await startAnother()).withBearer(token);
  await later.get("/v1/developers/me").set("X-Forwarded-For", "203.0.113.5").expect(200);
  const [used] = await sessionsOf(session);
  assert.deepEqual([used?.address, used?.last_address], ["2001:db8::17", "203.0.113.5"]);
  const seen = JSON.stringify(await sessionsOf(bob));
  assert.ok(!seen.includes("203.0.113.5") && !seen.includes("2001:db8::17"));
});

const Left = Type.Object({ sessions: Type.Integer(), devices: Type.Integer() });

// Guards "an address of a client is kept no longer than its session".
// INVARIANT 46
test("what has ended and what is not seen any more is swept, but not the last device", async (t) => {
  const { as, db, apiDb, life } = await start(t);
  const ada = await as("ada");
  await execute(db, sql`update sessions set expires_at = now()`);
  await execute(
    db,
    sql`
      insert into known_devices (developer_id, device)
      select ${ada.id}, n::text from generate_series(1, 3) n`,
  );
  await execute(db, sql`update known_devices set last_seen_at = now() - interval '100 days'`);

  // It sweeps when it starts.
  await sendMails({ life, apiDb });
  await eventually(async () => {
    const left = await many(
      db,
      Left,
      sql`
        select (select count(*) from sessions)::int as sessions,
               (select count(*) from known_devices)::int as devices`,
    );
    assert.deepEqual(left, [{ sessions: 0, devices: 1 }]);
  });
});
