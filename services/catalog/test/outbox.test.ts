import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { execute, many, maybeOne, one, type Pool, type Queryable, sql, transaction } from "@mosis/postgres";
import { topics } from "@mosis/types/topics";
import Type from "typebox";
import { record, systemAuthor } from "../src/changes/outbox/record.ts";
import { deletePublished, quarantineRow, readOutbox } from "../src/changes/outbox/queries.ts";
import {
  assertProblem,
  auditTrail,
  eventually,
  everythingStored,
  startCatalog,
  startDatabase,
} from "./support.ts";

function append(tx: Queryable, developerId: string, n: number): Promise<void> {
  return record(tx, systemAuthor(developerId, "test"), {
    action: "test.happened",
    target: { type: "test", id: String(n) },
    payload: { n },
  });
}

/** Numbers of the events that a reader sees now, in their order. */
async function visible(db: Pool): Promise<unknown[]> {
  return (await auditTrail(db)).map(({ payload }) => payload["n"]);
}

const sabotages = {
  // INVARIANT 19
  "a change whose event cannot be written does not happen": sql`
    alter table outbox add constraint sabotage check (false) not valid`,
  // INVARIANT 19
  "an event whose change cannot be committed is never seen": sql`
    do $$ begin
      create function refuse_commit() returns trigger language plpgsql as
        'begin raise exception ''refused at the commit''; end';
      create constraint trigger refuse after insert or delete on developers deferrable initially deferred
        for each row execute function refuse_commit();
      create constraint trigger refuse after insert or delete on sessions deferrable initially deferred
        for each row execute function refuse_commit();
      create constraint trigger refuse after insert or delete on apps deferrable initially deferred
        for each row execute function refuse_commit();
      create constraint trigger refuse after insert or delete on api_keys deferrable initially deferred
        for each row execute function refuse_commit();
    end $$`,
};

// Guards "no change without its event, no event without its change", for everything that the API changes.
for (const [promise, sabotage] of Object.entries(sabotages)) {
  test(promise, async (t) => {
    const { as, anyone, db } = await startCatalog(t);
    const ada = await as("ada");
    const { email, password } = ada;
    const newKey = { name: "k", kind: "management" };
    const key = await ada.post("/v1/keys", newKey).expect(201);
    const { id } = key.body as { id: string };
    await execute(db, sabotage);
    const before = await everythingStored(db);
    const answers = [
      await anyone.post("/v1/developers", { email: "bob@mosis.test", name: "Bob", password }),
      await anyone.post("/v1/sessions", { email, password }),
      await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }),
      await ada.post("/v1/keys", newKey),
      await ada.delete(`/v1/keys/${id}`),
      await ada.delete("/v1/sessions"),
    ];
    for (const answer of answers) assertProblem(answer, "internal_error");
    assert.equal(await everythingStored(db), before);
  });
}

/** A transaction that has appended and is not committed yet. */
async function openTransaction(db: Pool, developerId: string, n: number) {
  const { promise: end, resolve: commit } = Promise.withResolvers<void>();
  const { promise: appended, resolve: onAppended } = Promise.withResolvers<void>();
  const committed = transaction(db, async (tx) => {
    await append(tx, developerId, n);
    onAppended();
    await end;
  });
  return { appended, commit: () => (commit(), committed) };
}

// Guards "audit order per developer is commit order": the second waits until the first has committed.
// INVARIANT 20
test("of one developer's transactions, the one that commits first has the smaller positions", async (t) => {
  const { db } = await startDatabase(t);
  const developerId = randomUUID();
  const first = await openTransaction(db, developerId, 1);
  await first.appended;
  const second = await openTransaction(db, developerId, 2);
  const Waiting = Type.Object({ n: Type.Integer() });
  await eventually(async () => {
    const { n } = await one(
      db,
      Waiting,
      sql`select count(*) as n from pg_locks join pg_database d on d.oid = database
          where locktype = 'advisory' and not granted and datname = current_database()`,
    );
    assert.equal(n, 1, "the second waits");
  });
  assert.deepEqual(await visible(db), []);
  await first.commit();
  await second.appended;
  assert.deepEqual(await visible(db), [1]);
  await second.commit();
  assert.deepEqual(await visible(db), [1, 2]);
});

// Guards "the relay skips nothing": a smaller position may become visible later, and is read then.
// INVARIANT 20
test("a transaction of somebody else that commits late is not skipped", async (t) => {
  const { db } = await startDatabase(t);
  const slow = await openTransaction(db, randomUUID(), 1);
  await slow.appended;
  const quick = await openTransaction(db, randomUUID(), 2);
  await quick.appended;
  await quick.commit();
  const early = await readOutbox(db, 10);
  assert.equal(early.length, 1);
  await deletePublished(
    db,
    early.map(({ position }) => position),
  );

  await slow.commit();
  const late = await readOutbox(db, 10);
  assert.deepEqual(
    late.map(({ payload }) => JSON.parse(payload ?? "{}").payload.n),
    [1],
  );
  assert.ok((late[0]?.position ?? Infinity) < (early[0]?.position ?? 0));
});

// Guards "audit order per developer is commit order", by force: what a reader has seen, nothing gets before.
// INVARIANT 20
test("while many write at once, no event appears before one of its developer that was seen", async (t) => {
  const { db } = await startDatabase(t, { connectionsMax: 20 });
  const developers = Array.from({ length: 3 }, () => randomUUID());
  const write = (n: number) =>
    transaction(db, async (tx) => {
      await append(tx, developers[n % 3] ?? "", n);
      // Without the lock of the developer, the order of the commits would be chance from here.
      await wait(randomInt(4));
    });
  const writers = Array.from({ length: 15 }, async (_, writer) => {
    for (let n = 0; n < 10; n++) await write(writer + n);
  });
  const all = Promise.all(writers);
  const Row = Type.Object({ position: Type.Integer(), developer_id: Type.String() });
  const seen = new Set<number>();
  const last = new Map<string, number>();
  const late: number[] = [];
  for (const until = Date.now() + 20_000; seen.size < 150 && Date.now() < until;) {
    const rows = await many(db, Row, sql`select position, developer_id from outbox order by position`);
    for (const { position, developer_id } of rows.filter((row) => !seen.has(row.position))) {
      if (position < (last.get(developer_id) ?? 0)) late.push(position);
      seen.add(position);
      last.set(developer_id, position);
    }
  }
  await all;
  assert.deepEqual([seen.size, late], [150, []]);
});

test("state and audit event of one change keep their order, and a missing state is a null", async (t) => {
  const { db } = await startDatabase(t);
  const [developerId, key] = [randomUUID(), randomUUID()];
  const change = {
    action: "key.deleted",
    target: { type: "key", id: key },
    payload: { quoted: `"'\\ü😀`, nothing: null },
    state: { topic: topics.keys, key },
  };
  await transaction(db, (tx) => record(tx, systemAuthor(developerId, "test"), change));
  const [state, audit, ...others] = await readOutbox(db, 10);
  assert.deepEqual([state?.topic, state?.record_key, state?.payload], [topics.keys, key, null]);
  assert.deepEqual([audit?.topic, audit?.record_key, others], [topics.audit, developerId, []]);
  assert.deepEqual(JSON.parse(audit?.payload ?? "").payload, change.payload);
});

test("a row in quarantine is as it was, with the reason, and gone from the outbox", async (t) => {
  const { db } = await startDatabase(t);
  await transaction(db, (tx) => append(tx, randomUUID(), 1));
  const Row = Type.Object({ row: Type.Record(Type.String(), Type.Unknown()) });
  const { row } = await one(db, Row, sql`select to_jsonb(outbox) as row from outbox`);
  await quarantineRow(db, Number(row["position"]), "MESSAGE_TOO_LARGE");
  assert.equal(await maybeOne(db, Row, sql`select to_jsonb(outbox) as row from outbox`), null);
  const held = await one(db, Row, sql`select to_jsonb(outbox_quarantine) as row from outbox_quarantine`);
  const { reason, quarantined_at, ...rest } = held.row;
  assert.deepEqual(rest, row);
  assert.equal(reason, "MESSAGE_TOO_LARGE");
  assert.ok(quarantined_at);
});
