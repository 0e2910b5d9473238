import assert from "node:assert/strict";
import { test } from "node:test";
import { type Key, type KeyWithSecret, type Permission, permissions } from "@mosis/types/keys";
import { assertProblem, auditTrail, type Caller, startCatalog } from "./support.ts";

// What a key may do, and may let another key do.

async function setUp(t: Parameters<typeof startCatalog>[0]) {
  const catalog = await startCatalog(t);
  const ada = await catalog.as("ada");
  for (const name of ["go", "chess"]) {
    await ada.post("/v1/apps", { package_id: `org.mosis.${name}`, name }).expect(201);
  }
  const make = async (by: Caller, asked: object) => {
    const answer = await by.post("/v1/keys", { name: "k", kind: "management", ...asked });
    assert.equal(answer.status, 201, answer.text);
    const key = answer.body as KeyWithSecret;
    return { ...key, ...catalog.withBearer(key.secret) };
  };
  return { ...catalog, ada, make };
}

const requests: {
  needs: Permission;
  send: (by: Caller) => PromiseLike<{ status: number; body: unknown }>;
}[] = [
  { needs: "apps:read", send: (by) => by.get("/v1/apps") },
  { needs: "apps:read", send: (by) => by.get("/v1/apps/org.mosis.go") },
  { needs: "apps:write", send: (by) => by.post("/v1/apps", { package_id: "org.mosis.new", name: "N" }) },
  { needs: "keys:read", send: (by) => by.get("/v1/keys") },
  { needs: "keys:read", send: (by) => by.get("/v1/keys/a9f0c5a0-0000-4000-8000-000000000000") },
  {
    needs: "keys:write",
    send: (by) => by.post("/v1/keys", { name: "k", kind: "management", permissions: ["keys:write"] }),
  },
  { needs: "keys:write", send: (by) => by.delete("/v1/keys/a9f0c5a0-0000-4000-8000-000000000000") },
];

// INVARIANT 44
test("a key does what it has the permission for, and nothing else", async (t) => {
  const { ada, make } = await setUp(t);
  for (const permission of Object.keys(permissions) as Permission[]) {
    const key = await make(ada, { permissions: [permission] });
    for (const { needs, send } of requests) {
      const { status, body } = await send(key);
      if (needs === permission) assert.ok([200, 201, 404].includes(status), `${status} with ${permission}`);
      else
        assert.equal((body as { code?: string }).code, "permission_missing", `${needs} with ${permission}`);
    }
  }
});

// An ingest key ships inside apps, so whoever has the app has the key.
test("an ingest key cannot use the catalog at all, and cannot be given what would let it", async (t) => {
  const { ada, make } = await setUp(t);
  const key = await make(ada, { kind: "ingest" });
  for (const { send } of [...requests, { send: (by: Caller) => by.get("/v1/developers/me") }]) {
    const { status } = await send(key);
    assert.equal(status, 403);
  }
  assertProblem(await key.delete("/v1/sessions"), "permission_missing");
  for (const permission of Object.keys(permissions).filter((name) => name !== "telemetry:write")) {
    const asked = { name: "k", kind: "ingest", permissions: ["telemetry:write", permission] };
    const refused = assertProblem(await ada.post("/v1/keys", asked), "invalid_request");
    assert.deepEqual(
      refused.errors?.map(({ pointer, code }) => [pointer, code]),
      [["/permissions/1", "permission_not_of_kind"]],
    );
  }
});

// Guards "no key can make a key that may do more than itself".
// INVARIANT 44
test("a key makes keys with its own permissions, apps and time at most", async (t) => {
  const { ada, make, db } = await setUp(t);
  const mine = ["apps:read", "keys:read", "keys:write"];
  const [soon, later] = ["2098-01-01T00:00:00.000Z", "2099-01-01T00:00:00.000Z"];
  const limited = { permissions: mine, package_ids: ["org.mosis.go"], expires_at: soon };
  const key = await make(ada, limited);
  const before = await auditTrail(db);
  const more: object[] = [
    { ...limited, permissions: [...mine, "apps:write"] },
    { ...limited, permissions: undefined },
    { ...limited, kind: "ingest", permissions: undefined },
    { ...limited, package_ids: undefined },
    { ...limited, expires_at: undefined },
    { ...limited, expires_at: later },
  ];
  for (const asked of more) {
    const answer = await key.post("/v1/keys", { name: "k", kind: "management", ...asked });
    assert.equal(answer.status, 403, JSON.stringify(asked));
    assertProblem(answer, "permission_missing");
  }
  const foreign = { ...limited, package_ids: ["org.mosis.go", "org.mosis.chess"] };
  const refused = await key.post("/v1/keys", { name: "k", kind: "management", ...foreign });
  assertProblem(refused, "reference_unknown");
  assert.deepEqual(await auditTrail(db), before);

  const child = await make(key, limited);
  const { permissions: granted, package_ids, expires_at } = child;
  assert.deepEqual({ permissions: granted, package_ids, expires_at }, limited);
  const grandchild = { ...limited, permissions: ["apps:read"], expires_at: "2050-01-01T00:00:00.000Z" };
  await make(child, grandchild);
});

test("a key of listed apps sees and deletes the keys of these apps alone", async (t) => {
  const { ada, make } = await setUp(t);
  const go = await make(ada, { package_ids: ["org.mosis.go"] });
  const sibling = await make(ada, { package_ids: ["org.mosis.go"] });
  const others = [
    await make(ada, {}),
    await make(ada, { package_ids: ["org.mosis.chess"] }),
    await make(ada, { package_ids: ["org.mosis.chess", "org.mosis.go"] }),
  ];
  const { body } = await go.get("/v1/keys").expect(200);
  assert.deepEqual(
    (body as { data: Key[] }).data.map(({ id }) => id),
    [sibling.id, go.id],
  );
  for (const { id } of others) {
    assertProblem(await go.get(`/v1/keys/${id}`), "not_found");
    assertProblem(await go.delete(`/v1/keys/${id}`), "not_found");
    await ada.get(`/v1/keys/${id}`).expect(200);
  }
  await go.delete(`/v1/keys/${sibling.id}`).expect(204);
});

test("what a key did is told of that key, and not of the session that made it", async (t) => {
  const { ada, make, db } = await setUp(t);
  const key = await make(ada, {});
  await key.post("/v1/apps", { package_id: "org.mosis.ludo", name: "Ludo" }).expect(201);
  const child = await make(key, {});
  await key.delete(`/v1/keys/${child.id}`).expect(204);
  const events = (await auditTrail(db)).slice(-3);
  assert.deepEqual(
    events.map(({ action, actor }) => ({ action, actor })),
    ["app.created", "key.created", "key.deleted"].map((action) => ({
      action,
      actor: { kind: "key", id: key.id },
    })),
  );
});
