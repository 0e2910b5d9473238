import assert from "node:assert/strict";
import { test } from "node:test";
import type { Key } from "@mosis/types/keys";
import { changeKey, createKey, hashOf, lastState, rotateKey, startKeys } from "./keys-support.ts";
import {
  assertProblem,
  auditTrail,
  type Caller,
  eventually,
  startCatalog,
  withoutRequest,
} from "./support.ts";

// Disabling and changing keys, and from where they work.

const proxied = { trustedProxies: ["127.0.0.0/8"] };
const from = (address: string, by: Caller) => by.get("/v1/keys").set("X-Forwarded-For", address);

// INVARIANT 44
test("a key works from its ranges alone, which are answered in one form", async (t) => {
  const { ada, db, withBearer } = await startKeys(t, proxied);
  const asked = ["2001:DB8:0:0::7/48", "192.0.2.77/24", "192.0.2.0/24", "198.51.100.1"];
  const { id, secret, cidrs } = await createKey(ada, { cidrs: asked });
  const normal = ["192.0.2.0/24", "198.51.100.1/32", "2001:db8::/48"];
  assert.deepEqual(cidrs, normal);
  assert.deepEqual((await lastState(db, id))?.cidrs, normal);
  const key = withBearer(secret);
  for (const address of ["192.0.2.200", "::ffff:192.0.2.3", "198.51.100.1", "2001:db8:0:ffff::1"]) {
    await from(address, key).expect(200);
  }
  for (const address of ["192.0.3.1", "198.51.100.2", "2001:db8:1::1"]) {
    assertProblem(await from(address, key), "address_not_allowed");
  }
  // The client's own word, left of the address that our proxy has seen.
  assertProblem(await from("192.0.2.1, 203.0.113.5", key), "address_not_allowed");
  await changeKey(ada, id, { cidrs: [] }).expect(200);
  await from("203.0.113.5", key).expect(200);
  await changeKey(ada, id, { cidrs: ["203.0.113.0/30"] }).expect(200);
  assertProblem(await from("203.0.113.5", key), "address_not_allowed");
});

// A key for the first would work from everywhere; the load balancers of Azure and AWS write ports.
test("a range of IPv6 lets no IPv4 in, and a hop is read with its port or is nobody", async (t) => {
  const { ada, withBearer } = await startKeys(t, proxied);
  const asked = ["::/8", "::/80", "::ffff:10.10.20.7/120", "2001:db8::/48"];
  const { secret, cidrs } = await createKey(ada, { cidrs: asked });
  assert.deepEqual(cidrs, ["10.10.20.0/24", "::/8", "::/80", "2001:db8::/48"]);
  const key = withBearer(secret);
  for (const address of ["10.10.20.9:41234", "[2001:db8::5]:443", '"[2001:db8::5]"', "::ffff:a0a:1409"]) {
    await from(address, key).expect(200);
  }
  for (const address of ["127.0.0.1", "203.0.113.5", "unknown", "10.10.20.9, _hidden", "10.10.21.9:80"]) {
    assertProblem(await from(address, key), "address_not_allowed");
  }
});

test("a key is in use where it works, not where a stranger tries it", async (t) => {
  const { ada, withBearer } = await startKeys(t, proxied);
  const { id, secret } = await createKey(ada, { cidrs: ["192.0.2.0/24"] });
  const lastUsed = async () => ((await ada.get(`/v1/keys/${id}`).expect(200)).body as Key).last_used_at;
  assertProblem(await from("203.0.113.5", withBearer(secret)), "address_not_allowed");
  assert.equal(await lastUsed(), null);
  // Found a moment ago, for the one who was refused.
  await from("192.0.2.7", withBearer(secret)).expect(200);
  assert.notEqual(await lastUsed(), null);
});

test("what is no range is refused by its place, and so are more than twenty", async (t) => {
  const { ada } = await startKeys(t);
  const wrong = [
    "10.0.0.0/33",
    "10.0.0.0/08",
    "10.0.0",
    "::/129",
    "fe80::1%eth0",
    "example.org",
    "10/8",
  ].concat(["::ffff:10.10.20.0/24", "::ffff:0:0/95"]);
  for (const cidr of wrong) {
    const answer = await ada.post("/v1/keys", { name: "k", kind: "ingest", cidrs: ["10.0.0.0/8", cidr] });
    const { errors } = assertProblem(answer, "invalid_request");
    assert.deepEqual(
      errors?.map(({ pointer }) => pointer),
      ["/cidrs/1"],
      cidr,
    );
  }
  const many = Array.from({ length: 21 }, (_, i) => `10.0.0.${i}`);
  assertProblem(await ada.post("/v1/keys", { name: "k", kind: "ingest", cidrs: many }), "invalid_request");
  assert.equal((await createKey(ada, { cidrs: many.slice(1) })).cidrs.length, 20);
});

test("a change needs the tag that was read; what changes nothing is no event", async (t) => {
  const { ada, db } = await startKeys(t);
  const made = await ada.post("/v1/keys", { name: "ci", kind: "management" }).expect(201);
  const { id } = made.body as Key;
  const { etag = "" } = (await ada.get(`/v1/keys/${id}`).expect(200)).headers as { etag?: string };
  assert.equal(made.headers["etag"], etag);
  assertProblem(await ada.patch(`/v1/keys/${id}`, { name: "x" }), "precondition_required");
  const asked = {
    name: "nightly",
    permissions: ["apps:read"],
    expires_at: "2099-01-01T00:00:00.000Z",
    telemetry_events_per_second: 7,
  };
  const changed = await changeKey(ada, id, asked, etag).expect(200);
  const { name, permissions, expires_at, telemetry_events_per_second } = changed.body as Key;
  assert.deepEqual({ name, permissions, expires_at, telemetry_events_per_second }, asked);
  assertProblem(await changeKey(ada, id, { name: "late" }, etag), "precondition_failed");
  const after = changed.headers["etag"] as string;
  await changeKey(ada, id, { name: "nightly" }, after).expect(200).expect("etag", after);
  assert.deepEqual((await ada.get(`/v1/keys/${id}`)).body, changed.body);
  const events = (await auditTrail(db)).filter(({ action }) => action === "key.changed");
  assert.deepEqual(
    events.map(({ payload }) => payload),
    [changed.body],
  );
  const state = await lastState(db, id);
  assert.deepEqual([state?.permissions, state?.telemetry_events_per_second], [["apps:read"], 7]);
});

test("a key can end earlier than it was made for, not later, and holds what its kind may hold", async (t) => {
  const { ada } = await startKeys(t);
  const { id } = await createKey(ada, { kind: "ingest", expires_at: "2098-01-01T00:00:00Z" });
  for (const [body, pointer] of [
    [{ expires_at: "2099-01-01T00:00:00Z" }, "/expires_at"],
    [{ expires_at: "2020-01-01T00:00:00Z" }, "/expires_at"],
    [{ permissions: ["apps:read"] }, "/permissions/0"],
    [{ cidrs: ["nowhere"] }, "/cidrs/0"],
  ] as const) {
    const { errors } = assertProblem(await changeKey(ada, id, body), "invalid_request");
    assert.equal(errors?.[0]?.pointer, pointer);
  }
  assertProblem(await changeKey(ada, id, {}), "invalid_request");
  assertProblem(await changeKey(ada, id, { kind: "management" }), "invalid_request");
});

// Guards "a disabled key stops working": here, at once.
// INVARIANT 41
test("a disabled key answers like one that never was, and works again when it is enabled", async (t) => {
  const { ada, db, withBearer } = await startKeys(t);
  const { id, secret } = await createKey(ada);
  const key = withBearer(secret);
  await key.get("/v1/apps").expect(200);
  await changeKey(ada, id, { disabled: true }).expect(200);
  assert.equal(await lastState(db, id), null, "telemetry forgets it");
  const never = withoutRequest(await withBearer("mk_live_never").get("/v1/apps"));
  assert.deepEqual(withoutRequest(await key.get("/v1/apps")), never);
  await changeKey(ada, id, { disabled: false }).expect(200);
  assert.equal((await lastState(db, id))?.key_hash, hashOf(secret));
  await key.get("/v1/apps").expect(200);
});

// Whoever may rotate a key has its secret.
// INVARIANT 44
test("a key rotates, enables and opens no key that may do more than itself", async (t) => {
  const { ada, withBearer } = await startKeys(t, proxied);
  const permissions = ["keys:write", "keys:read", "apps:read"];
  const cidrs = ["192.0.2.0/24"];
  const expires_at = "2098-01-01T00:00:00Z";
  const own = { permissions, cidrs, expires_at, telemetry_events_per_second: 50 };
  const by = { ...withBearer((await createKey(ada, own)).secret) };
  const send = (test: ReturnType<Caller["get"]>) => test.set("X-Forwarded-For", "192.0.2.1");
  const less = { ...own, permissions: ["apps:read"], cidrs: ["192.0.2.64/26"] };
  const more = [
    { ...less, permissions: ["apps:write"] },
    { ...less, cidrs: [] },
    { ...less, cidrs: ["192.0.0.0/16"] },
    { ...less, expires_at: "2099-01-01T00:00:00Z" },
    { ...less, expires_at: undefined },
    { ...less, telemetry_events_per_second: 51 },
  ];
  const { id } = await createKey(ada, less);
  await send(rotateKey(by, id)).expect(200);
  await send(changeKey(by, id, { cidrs: ["192.0.2.0/25"] })).expect(200);
  assertProblem(await send(changeKey(by, id, { cidrs: [] })), "permission_missing");
  assertProblem(await send(changeKey(by, id, { cidrs: ["192.0.3.0/25"] })), "permission_missing");
  assertProblem(await send(changeKey(by, id, { permissions: ["apps:write"] })), "permission_missing");
  // What it has is no more than the caller; with another permission from everywhere it would be.
  const { id: open } = await createKey(ada, { permissions: ["keys:read"], telemetry_events_per_second: 10 });
  assertProblem(await send(changeKey(by, open, { permissions })), "permission_missing");
  assertProblem(await send(changeKey(by, open, { telemetry_events_per_second: 20 })), "permission_missing");
  await send(changeKey(by, open, { name: "less", telemetry_events_per_second: 5 })).expect(200);
  for (const asked of more) {
    const { id: other } = await createKey(ada, asked);
    assertProblem(await send(rotateKey(by, other)), "permission_missing");
    await send(changeKey(by, other, { disabled: true })).expect(200);
    assertProblem(await send(changeKey(by, other, { disabled: false })), "permission_missing");
    assertProblem(
      await send(by.post("/v1/keys", { name: "k", kind: "management", ...asked })),
      "permission_missing",
    );
  }
});

// Guards the invariant "a deleted, disabled or expired key stops working everywhere within 5 s".
// INVARIANT 41
test("what one process revokes, disables, narrows or signs out stops within 5 s in another", async (t) => {
  const { ada, startAnother, withBearer } = await startKeys(t, proxied);
  const another = await startAnother();
  const [deleted, disabled, narrowed, rotated] = await Promise.all([
    createKey(ada),
    createKey(ada),
    createKey(ada),
    createKey(ada),
  ]);
  const tokens = [...[deleted, disabled, narrowed, rotated].map(({ secret }) => secret), ada.token];
  for (const token of tokens) await another.withBearer(token).get("/v1/keys").expect(200);
  await ada.delete(`/v1/keys/${deleted.id}`).expect(204);
  await changeKey(ada, disabled.id, { disabled: true }).expect(200);
  await changeKey(ada, narrowed.id, { cidrs: ["192.0.2.0/24"] }).expect(200);
  await rotateKey(ada, rotated.id, { grace_seconds: 0 }).expect(200);
  await ada.delete("/v1/sessions").expect(204);
  const expected = [401, 401, 403, 401, 401];
  const statuses = async (by: (token: string) => Caller) =>
    (await Promise.all(tokens.map((token) => by(token).get("/v1/keys")))).map(({ status }) => status);
  assert.deepEqual(await statuses(withBearer), expected, "at once where it was done");
  await eventually(async () => assert.deepEqual(await statuses(another.withBearer), expected), 5000);
});

test("everybody may read what each permission allows, and which keys may hold it", async (t) => {
  const { anyone } = await startCatalog(t);
  const { body } = await anyone.get("/v1/permissions").expect(200);
  const { data } = body as { data: { permission: string; allows: string; kinds: string[] }[] };
  const write = data.find(({ permission }) => permission === "telemetry:write");
  assert.deepEqual(write?.kinds, ["ingest", "management"]);
  assert.ok(data.length >= 10 && data.every(({ allows, kinds }) => allows && kinds.includes("management")));
});
