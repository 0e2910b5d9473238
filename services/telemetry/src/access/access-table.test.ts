import assert from "node:assert/strict";
import { createHash, randomInt, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { createClientAddress } from "@mosis/http";
import { createLogger } from "@mosis/runtime";
import type { AppState } from "@mosis/types/apps";
import { base62, keyChecksum } from "@mosis/types/key-format";
import type { KeyState } from "@mosis/types/keys";
import { telemetryLimitDefaults } from "@mosis/types/telemetry-limits";
import { topics } from "@mosis/types/topics";
import { AccessTable, type Grant } from "./access-table.ts";

const log = createLogger({ service: "test", level: "silent" });
const now = Date.UTC(2026, 10, 24);
const somewhere = sentFrom("203.0.113.1");

test("a key works from its record to its removal", () => {
  const { table, header, key } = withKey({});
  assert.equal(grantOf(table.authenticateWriter(header, now, somewhere)).keyId, key.key_id);
  table.apply(topics.keys, key.key_id, null);
  assert.equal(table.authenticateWriter(header, now, somewhere), "credentials_invalid");
  table.apply(topics.keys, key.key_id, json(key));
  assert.equal(grantOf(table.authenticateWriter(header, now, somewhere)).keyId, key.key_id);
});

test("a key ends at its expiry, also when its header was seen before", () => {
  const { table, header } = withKey({ expires_at: new Date(now + 1000).toISOString() });
  grantOf(table.authenticateWriter(header, now + 999, somewhere));
  assert.equal(table.authenticateWriter(header, now + 1000, somewhere), "credentials_invalid");
});

test("a changed key is the changed one at the next request", () => {
  const { table, header, key } = withKey({});
  grantOf(table.authenticateWriter(header, now, somewhere));
  table.apply(topics.keys, key.key_id, json({ ...key, permissions: ["telemetry:read"] }));
  assert.equal(table.authenticateWriter(header, now, somewhere), "permission_missing");
});

// INVARIANT 41
test("a rotated key has two secrets until the grace of the one from before ends", () => {
  const { table, header, key } = withKey({});
  const secret = newSecret();
  const rotate = (previous_ends_at: string, changes: Partial<KeyState> = {}) => {
    const key_hash = hashOf(secret);
    const value = { ...key, key_hash, previous_key_hash: key.key_hash, previous_ends_at, ...changes };
    table.apply(topics.keys, key.key_id, json(value));
  };
  const works = (of: string, at = now) => typeof table.authenticateWriter(of, at, somewhere) === "object";
  rotate(new Date(now + 1000).toISOString());
  assert.deepEqual([works(`Bearer ${secret}`), works(header, now + 999)], [true, true]);
  assert.deepEqual([works(`Bearer ${secret}`, now + 1000), works(header, now + 1000)], [true, false]);
  assert.equal(table.sizes().keys, 1);
  // A later rotation, of which this record says nothing about the first secret.
  const third = newSecret();
  rotate(new Date(now + 5000).toISOString(), { key_hash: hashOf(third), previous_key_hash: hashOf(secret) });
  assert.deepEqual(
    [header, `Bearer ${secret}`, `Bearer ${third}`].map((of) => works(of)),
    [false, true, true],
  );
  // A key never outlives itself, whatever the grace.
  rotate(new Date(now + 5000).toISOString(), { expires_at: new Date(now + 10).toISOString() });
  assert.deepEqual([works(header, now + 9), works(header, now + 10)], [true, false]);
  table.apply(topics.keys, key.key_id, null);
  assert.deepEqual(
    [header, `Bearer ${secret}`, `Bearer ${third}`].map((of) => works(of)),
    [false, false, false],
  );
});

test("a key works from its ranges alone, also when its header was seen before", () => {
  const { table, header, key } = withKey({ cidrs: ["192.0.2.0/24", "2001:db8::/32"] });
  const judge = (address: string) => table.authenticateWriter(header, now, sentFrom(address));
  for (const address of ["192.0.2.9", "::ffff:192.0.2.9", "2001:db8::1"]) {
    assert.equal(grantOf(judge(address)).keyId, key.key_id);
  }
  assert.equal(judge("192.0.3.1"), "address_not_allowed");
  const read = table.authenticate(header, now, somewhere, ["telemetry:write"]);
  assert.equal(read, "address_not_allowed");
  table.apply(topics.keys, key.key_id, json({ ...key, cidrs: ["192.0.3.0/24"] }));
  assert.deepEqual(
    [judge("192.0.2.9"), grantOf(judge("192.0.3.1")).keyId],
    ["address_not_allowed", key.key_id],
  );
  // A range that is none takes the key away, rather than let it work from everywhere.
  assert.throws(() => table.apply(topics.keys, key.key_id, json({ ...key, cidrs: ["nowhere"] })));
  assert.equal(judge("192.0.3.1"), "credentials_invalid");
});

test("a key in quarantine says so, with both of its secrets, and works once it is out of it", () => {
  const { table, header, key } = withKey({});
  const secret = newSecret();
  const rotated = { ...key, key_hash: hashOf(secret), previous_key_hash: key.key_hash };
  const state = { ...rotated, previous_ends_at: new Date(now + 5000).toISOString() };
  const judge = (of: string) => table.authenticateWriter(of, now, somewhere);
  // The header is known by then, as that of a key that is in use.
  assert.equal(grantOf(judge(header)).keyId, key.key_id);
  table.apply(topics.keys, key.key_id, json({ ...state, quarantined: true }));
  assert.deepEqual([header, `Bearer ${secret}`].map(judge), ["key_quarantined", "key_quarantined"]);
  table.apply(topics.keys, key.key_id, json({ ...state, quarantined: false }));
  for (const sent of [header, `Bearer ${secret}`]) {
    assert.equal(grantOf(judge(sent)).keyId, key.key_id);
  }
});

test("a new key that overtakes its app is awaited until the app is here", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { table, key, app } = withKey({});
  table.completed();
  const judge = (of: string) => table.authenticateWriter(of, now, somewhere);
  const send = (app_id: string) => {
    const secret = newSecret();
    const state = { ...key, key_id: randomUUID(), key_hash: hashOf(secret), app_ids: [app_id] };
    table.apply(topics.keys, state.key_id, json(state));
    return { ...state, header: `Bearer ${secret}` };
  };
  const late = { ...app, app_id: randomUUID(), package_id: "org.mosis.late" };
  const early = send(late.app_id);
  assert.equal(judge(early.header), "credentials_invalid");
  const arrival = table.arrival(early.header);
  assert.ok(arrival);
  table.apply(topics.apps, late.app_id, json(late));
  await arrival;
  assert.equal(grantOf(judge(early.header)).keyId, early.key_id);
  // One that was revoked meanwhile never works.
  const revoked = send(randomUUID());
  table.apply(topics.keys, revoked.key_id, null);
  t.mock.timers.tick(1000);
  assert.equal(judge(revoked.header), "credentials_invalid");
  // An app that was deleted does not come.
  const orphan = send(randomUUID());
  const given = table.arrival(orphan.header);
  t.mock.timers.tick(1000);
  await given;
  assert.equal(grantOf(judge(orphan.header)).keyId, orphan.key_id);
});

test("the use of a key is told every five minutes, and a refused one not", () => {
  const { table, header, key } = withKey({ cidrs: ["203.0.113.0/24"] });
  const used = () => table.uses.take()?.used_at ?? {};
  table.authenticateWriter(header, now, sentFrom("192.0.2.1"));
  assert.deepEqual(used(), {});
  grantOf(table.authenticateWriter(header, now, somewhere));
  grantOf(table.authenticateWriter(header, now + 1, somewhere));
  assert.deepEqual(used(), { [key.key_id]: now });
  // A change of the key is no use of it.
  table.apply(topics.keys, key.key_id, json(key));
  grantOf(table.authenticateWriter(header, now + 299_999, somewhere));
  assert.deepEqual(used(), {});
  grantOf(table.authenticateWriter(header, now + 300_000, somewhere));
  assert.deepEqual(used(), { [key.key_id]: now + 300_000 });
});

test("a key does what any one of its permissions allows, and nothing else", () => {
  const { table, header, key } = withKey({ permissions: ["telemetry:read", "apps:read"] });
  const grant = table.authenticate(header, now, somewhere, ["telemetry:write", "telemetry:read"]);
  assert.equal(grantOf(grant).keyId, key.key_id);
  assert.equal(table.authenticate(header, now, somewhere, ["audit:read"]), "permission_missing");
  assert.equal(table.authenticate(header, now, somewhere, []), "permission_missing");
  assert.equal(table.authenticate(undefined, now, somewhere, ["telemetry:read"]), "credentials_missing");
  assert.equal(table.authenticate(`${header}x`, now, somewhere, ["telemetry:read"]), "credentials_invalid");
});

test("a typo, a fake and a missing header are told apart from nothing", () => {
  const { table, header } = withKey({});
  assert.equal(table.authenticateWriter(undefined, now, somewhere), "credentials_missing");
  const wrong = header.endsWith("A") ? "B" : "A";
  for (const bad of [
    "",
    "Basic abc",
    "Bearer",
    "Bearer x",
    header.slice(0, -1),
    header.slice(0, -1) + wrong,
  ]) {
    assert.equal(table.authenticateWriter(bad, now, somewhere), "credentials_invalid", bad);
  }
  assert.equal(table.authenticateWriter(`Bearer ${newSecret()}`, now, somewhere), "credentials_invalid");
});

test("a record that cannot be read takes the key away", () => {
  const { table, header, key } = withKey({});
  grantOf(table.authenticateWriter(header, now, somewhere));
  table.apply(topics.keys, key.key_id, Buffer.from("{"));
  assert.equal(table.authenticateWriter(header, now, somewhere), "credentials_invalid");
});

test("a key of one app needs no package id, a key of more does", () => {
  const one = withKey({});
  const own = one.table.appOf(grantOf(one.table.authenticateWriter(one.header, now, somewhere)), undefined);
  assert.equal(typeof own === "string" ? own : own.appId, one.app.app_id);
  const all = withKey({ app_ids: null });
  const grant = grantOf(all.table.authenticateWriter(all.header, now, somewhere));
  assert.equal(all.table.appOf(grant, undefined), "app_required");
  assert.deepEqual(all.table.appOf(grant, "org.mosis.chess"), {
    appId: all.app.app_id,
    developerId: all.app.developer_id,
    packageId: "org.mosis.chess",
    // A record from before there were limits.
    eventsPerDay: telemetryLimitDefaults.telemetry_events_per_day,
    eventsPerSecond: telemetryLimitDefaults.telemetry_events_per_second,
  });
  const limits = { telemetry_events_per_day: 7, telemetry_events_per_second: 3 };
  all.table.apply(topics.apps, all.app.app_id, json({ ...all.app, ...limits }));
  const limited = all.table.appOf(grant, "org.mosis.chess");
  assert.ok(typeof limited === "object");
  assert.deepEqual([limited.eventsPerDay, limited.eventsPerSecond], [7, 3]);
});

// Guards: a resource that is not yours answers exactly like one that does not exist.
// INVARIANT 40
test("an app of somebody else is not found, like one that does not exist", () => {
  const { table, header, app } = withKey({});
  const foreign = { ...app, app_id: randomUUID(), developer_id: randomUUID(), package_id: "org.other.app" };
  const sibling = { ...app, app_id: randomUUID(), package_id: "org.mosis.go" };
  table.apply(topics.apps, foreign.app_id, json(foreign));
  table.apply(topics.apps, sibling.app_id, json(sibling));
  const grant = grantOf(table.authenticateWriter(header, now, somewhere));
  for (const packageId of ["org.other.app", "org.mosis.go", "org.nobody.app"]) {
    assert.equal(table.appOf(grant, packageId), "not_found", packageId);
  }
  table.apply(topics.apps, app.app_id, null);
  assert.equal(table.appOf(grant, undefined), "not_found");
});

function withKey(changes: Partial<KeyState>) {
  const table = new AccessTable({ log, clientAddress: createClientAddress([]) });
  const secret = newSecret();
  const developer_id = randomUUID();
  const app: AppState = {
    app_id: randomUUID(),
    developer_id,
    package_id: "org.mosis.chess",
    name: "Chess",
    status: "published",
    updated_at: new Date(now).toISOString(),
  };
  const key: KeyState = {
    key_id: randomUUID(),
    key_hash: hashOf(secret),
    kind: "ingest",
    developer_id,
    permissions: ["telemetry:write"],
    app_ids: [app.app_id],
    expires_at: null,
    ...changes,
  };
  table.apply(topics.apps, app.app_id, json(app));
  table.apply(topics.keys, key.key_id, json(key));
  return { table, key, app, header: `Bearer ${secret}` };
}

function newSecret(): string {
  const letters = Array.from({ length: 40 }, () => base62.charAt(randomInt(62)));
  const body = `mi_live_${letters.join("")}`;
  return body + keyChecksum(crc32(body));
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function grantOf(grant: Grant | string) {
  if (typeof grant === "string") assert.fail(grant);
  return grant;
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function sentFrom(remoteAddress: string): IncomingMessage {
  return { socket: { remoteAddress }, headers: {} } as unknown as IncomingMessage;
}
