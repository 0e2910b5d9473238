import assert from "node:assert/strict";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { execute, one, type Queryable, sql, transaction } from "@mosis/postgres";
import type { Response } from "supertest";
import Type from "typebox";
import { assertProblem, auditTrail, eventually, startCatalog } from "./support.ts";

const chess = { package_id: "org.mosis.chess", name: "Chess" };

function assertUnavailable(answer: Response): void {
  assertProblem(answer, "unavailable");
  assert.match(answer.headers["retry-after"] ?? "", /^[1-9]\d*$/);
}

// Guards "PostgreSQL in trouble is a 503, and passes" (INVARIANTS.md).
// INVARIANT 39
test("while no connection is free requests are 503 with a time, and afterwards they are not", async (t) => {
  const { as, startAnother } = await startCatalog(t);
  const ada = await as("ada");
  const small = await startAnother({ connectionsMax: 1, connectTimeoutMs: 200 });
  const caller = small.withBearer(ada.token);
  // A first connection may take longer than a request waits for one.
  await eventually(() => caller.get("/v1/apps").expect(200));
  const release = Promise.withResolvers<void>();
  const holder = small.apiDb.withConnection(() => release.promise);
  for (const answer of await Promise.all([1, 2, 3].map(() => caller.get("/v1/apps"))))
    assertUnavailable(answer);
  assertUnavailable(await caller.post("/v1/apps", chess));
  release.resolve();
  await holder;
  await caller.get("/v1/apps").expect(200);
  await caller.post("/v1/apps", chess).expect(201);
});

// INVARIANT 39
test("a slow statement is a 503 that has changed nothing, and its connection goes on", async (t) => {
  const { as, db, startAnother } = await startCatalog(t);
  const ada = await as("ada");
  const hasty = await startAnother({ connectionsMax: 1, statementTimeoutMs: 300 });
  const caller = hasty.withBearer(ada.token);
  await caller.get("/v1/apps").expect(200);
  await transaction(db, async (tx) => {
    await execute(tx, sql`lock table apps in access exclusive mode`);
    assertUnavailable(await caller.get("/v1/apps"));
    assertUnavailable(await caller.post("/v1/apps", chess));
  });
  const { body } = await caller.get("/v1/apps").expect(200);
  assert.deepEqual((body as { data: object[] }).data, []);
  await caller.post("/v1/apps", chess).expect(201);
});

// INVARIANT 39
test("with the database away requests are 503, and once it is back they go on by themselves", async (t) => {
  const { as, db, databaseUrl, startAnother } = await startCatalog(t);
  const ada = await as("ada");
  const door = await openDoor(t, databaseUrl);
  const { withBearer, anyone } = await startAnother({ url: door.url, connectTimeoutMs: 1000 });
  const caller = withBearer(ada.token);
  const create = () => caller.post("/v1/apps", chess).set("Idempotency-Key", "once");
  await caller.get("/v1/apps").expect(200);
  await anyone.get("/readyz").expect(200);

  // In the middle of a change, and before others.
  await transaction(db, async (tx) => {
    await execute(tx, sql`lock table apps in access exclusive mode`);
    const sent = create().then((answer) => answer);
    await eventually(async () => assert.ok(await isWaiting(tx)));
    door.shut();
    assertUnavailable(await sent);
  });
  assertUnavailable(await caller.get("/v1/apps"));
  assertUnavailable(await create());
  // What was found is everybody's for a second.
  await eventually(() => anyone.get("/readyz").expect(503));

  door.open();
  await eventually(() => anyone.get("/readyz").expect(200));
  await caller.get("/v1/apps").expect(200);
  await eventually(() => create().expect(201));
  const created = (await auditTrail(db)).filter(({ action }) => action === "app.created");
  assert.equal(created.length, 1, "done once, however often it was sent");
});

/** Whether somebody waits for the lock that this transaction has. */
async function isWaiting(tx: Queryable): Promise<boolean> {
  const { waits } = await one(
    tx,
    Type.Object({ waits: Type.Boolean() }),
    sql`select exists (select 1 from pg_locks where not granted and relation = 'apps'::regclass) as waits`,
  );
  return waits;
}

/** A way to the database that can be shut: connections through it are cut, and none is let in. */
async function openDoor(t: TestContext, databaseUrl: string) {
  const { hostname, port } = new URL(databaseUrl);
  const passing = new Set<Socket>();
  let isOpen = true;
  const server = createServer((socket) => {
    const onward = connect(Number(port), hostname);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      passing.add(one);
      one.once("error", () => other.destroy());
      one.once("close", () => {
        passing.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
    if (!isOpen) socket.destroy();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const shut = () => {
    isOpen = false;
    for (const socket of passing) socket.destroy();
  };
  t.after(() => {
    shut();
    server.close();
  });
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return { url: url.href, shut, open: () => void (isOpen = true) };
}
