import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { Producer } from "@mosis/kafka";
import { execute, many, one, type Session, sql, transaction } from "@mosis/postgres";
import type { KeyState } from "@mosis/types/keys";
import { topics } from "@mosis/types/topics";
import Type from "typebox";
import {
  appendNumber,
  endSessions,
  firstArrivals,
  numbersOf,
  outboxIsEmpty,
  startKafka,
  startRelaying,
  startTestRelay,
} from "./relaying.ts";
import { eventually, startCatalog } from "./support.ts";

const Count = Type.Object({ n: Type.Integer() });

// Guards "a revoked key stops working everywhere": its tombstone is what tells the others.
test("apps and keys arrive as the API made them, and a deleted key leaves nothing behind", async (t) => {
  const { as, life, db, databaseUrl } = await startCatalog(t);
  const { kafka, arrived } = await startKafka(life);
  await startTestRelay({ life, databaseUrl, kafka });
  const ada = await as("ada");
  const app = await ada.post("/v1/apps", { package_id: "org.mosis.go", name: "Go" }).expect(201);
  const asked = { name: "k", kind: "ingest", package_ids: ["org.mosis.go"] };
  const key = await ada.post("/v1/keys", asked).expect(201);
  const { id } = key.body as { id: string };
  await ada.delete(`/v1/keys/${id}`).expect(204);
  await eventually(() => outboxIsEmpty(db));

  const states = await eventually(() => {
    const states = firstArrivals(arrived, topics.keys);
    assert.equal(states.length, 2);
    return states;
  });
  const appId = (app.body as { id: string }).id;
  const [made, deleted] = states.map(({ key, value }) => ({ key, state: value as KeyState | null }));
  assert.deepEqual([made?.key, made?.state?.app_ids], [id, [appId]]);
  assert.deepEqual(deleted, { key: id, state: null });
  assert.deepEqual(
    firstArrivals(arrived, topics.apps).map(({ key }) => key),
    [appId],
  );
  const audit = await eventually(() => {
    const audit = firstArrivals(arrived, topics.audit).filter(({ key }) => key === ada.id);
    assert.equal(audit.length, 5);
    return audit;
  });
  assert.deepEqual(
    audit.map(({ value }) => (value as { action: string }).action),
    ["developer.created", "session.created", "app.created", "key.created", "key.deleted"],
  );
});

// Guards "audit order per developer is commit order" and "killing any process loses nothing acknowledged".
// INVARIANT 22
test("while sessions of relays end again and again, all events arrive in commit order", async (t) => {
  const { life, db, databaseUrl, kafka, arrived } = await startRelaying(t);
  await startTestRelay({ life, databaseUrl, kafka });
  await startTestRelay({ life, databaseUrl, kafka });
  const developers = Array.from({ length: 4 }, () => randomUUID());
  for (const id of developers) {
    await execute(db, sql`insert into developers (id, email, name) values (${id}, ${id}, '0')`);
  }
  // Counting locks the row of the developer, so the numbers are given in the order of the commits.
  const writers = [...developers, ...developers].map(async (id) => {
    for (let i = 0; i < 40; i++) {
      await transaction(db, async (tx) => {
        const { n } = await one(
          tx,
          Count,
          sql`update developers set name = name::int + 1 where id = ${id} returning name::int as n`,
        );
        await appendNumber(tx, id, n);
      });
    }
  });
  let isWritten = false;
  const writing = Promise.all(writers).then(() => void (isWritten = true));
  for (let kill = 0; kill < 4; kill++) {
    const before = arrived.length;
    // A fast machine may have written and published everything before the last kill.
    await eventually(() => assert.ok(arrived.length > before || isWritten));
    await endSessions(db, "relay");
  }
  await writing;
  const expected = Array.from({ length: 80 }, (_, i) => i + 1);
  await eventually(() => {
    for (const id of developers) assert.deepEqual(numbersOf(arrived, id), expected);
  });
  await eventually(() => outboxIsEmpty(db));
});

// INVARIANT 22
test("of two relays one is active, and the other takes over when its session ends", async (t) => {
  const { life, db, databaseUrl, kafka, arrived } = await startRelaying(t);
  const first = await startTestRelay({ life, databaseUrl, kafka }, { name: "first" });
  await eventually(() => assert.equal(first.state(), "active"));
  let sentBySecond = 0;
  const door = (producer: Producer) => ({
    send(batches: Parameters<Producer["send"]>[0]) {
      sentBySecond++;
      return producer.send(batches);
    },
  });
  const second = await startTestRelay({ life, databaseUrl, kafka }, { name: "second", door });
  await eventually(() => assert.equal(second.state(), "standby"));
  const id = randomUUID();
  const publish = async (n: number) => {
    await transaction(db, (tx) => appendNumber(tx, id, n));
    await eventually(() => assert.equal(numbersOf(arrived, id).at(-1), n));
  };
  for (let n = 1; n <= 5; n++) await publish(n);
  await eventually(() => outboxIsEmpty(db));
  assert.deepEqual([first.state(), second.state(), sentBySecond], ["active", "standby", 0]);

  await endSessions(db, "first");
  await eventually(() => assert.equal(second.state(), "active"));
  await eventually(() => assert.equal(first.state(), "standby"));
  await publish(6);
  assert.deepEqual([first.state(), second.state()], ["standby", "active"]);

  await second.close();
  await eventually(() => assert.equal(first.state(), "active"));
  await publish(7);
});

// Guards "at least once": a crash behind the acknowledgement repeats, it does not lose.
test("rows that were sent but not forgotten are sent again", async (t) => {
  const { life, db, databaseUrl, kafka, arrived } = await startRelaying(t);
  const id = randomUUID();
  await transaction(db, (tx) => appendNumber(tx, id, 1));
  let crashes = 2;
  await startTestRelay(
    { life, databaseUrl, kafka },
    {
      door: (producer) => ({
        async send(batches) {
          await producer.send(batches);
          if (crashes-- > 0) await endSessions(db, "relay");
        },
      }),
    },
  );
  await eventually(() => assert.ok(arrived.length >= 3));
  assert.deepEqual(numbersOf(arrived, id), [1]);
  await eventually(() => outboxIsEmpty(db));
});

// An old state of a key behind a newer one would bring a revoked key back to life.
// INVARIANT 22
test("a relay that lost its session sends nothing more before it is the active one again", async (t) => {
  const { life, db, databaseUrl, kafka, arrived } = await startRelaying(t);
  const id = randomUUID();
  for (let n = 1; n <= 4; n++) await transaction(db, (tx) => appendNumber(tx, id, n));
  const happened: string[] = [];
  let session: Session | undefined;
  await startTestRelay(
    { life, databaseUrl, kafka },
    {
      limits: { rowsPerSendMax: 1 },
      onSession: (opened) => {
        session = opened;
        happened.push("session");
      },
      door: (producer) => ({
        async send(batches) {
          happened.push("send");
          await producer.send(batches);
          if (happened.length > 2) return;
          await endSessions(db, "relay");
          await session?.lost;
        },
      }),
    },
  );
  await eventually(() => assert.deepEqual(numbersOf(arrived, id), [1, 2, 3, 4]));
  assert.deepEqual(happened.slice(0, 4), ["session", "send", "session", "send"]);
});

// Guards "a row that cannot be published is quarantined, never in the way".
// INVARIANT 23
test("a record that Kafka refuses is put aside with the reason, and the others go on in order", async (t) => {
  const { life, db, databaseUrl, kafka, arrived } = await startRelaying(t);
  const id = randomUUID();
  for (let n = 1; n <= 9; n++) {
    const text = n === 4 ? "x".repeat(3_000_000) : "";
    await transaction(db, (tx) => appendNumber(tx, id, n, text));
  }
  // Read as one piece, so that the others are found apart from the one that is refused.
  const limits = { bytesPerSendMax: 30_000_000 };
  await startTestRelay({ life, databaseUrl, kafka }, { limits });
  await eventually(() => assert.deepEqual(numbersOf(arrived, id), [1, 2, 3, 5, 6, 7, 8, 9]));
  await eventually(() => outboxIsEmpty(db));
  const Held = Type.Object({ n: Type.String(), reason: Type.String() });
  const held = await many(
    db,
    Held,
    sql`select payload -> 'payload' ->> 'n' as n, reason from outbox_quarantine`,
  );
  assert.deepEqual(
    held.map(({ n }) => n),
    ["4"],
  );
  assert.match(held[0]?.reason ?? "", /larger than the max message size/);
});
