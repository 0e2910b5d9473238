import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createMetrics, Unavailable } from "@mosis/runtime";
import Type from "typebox";
import {
  type Cell,
  createWriteProbe,
  execute,
  many,
  migrate,
  one,
  openSession,
  sql,
  transaction,
} from "../src/index.ts";
import { freshDatabase, log, testPool } from "./support.ts";

const Count = Type.Object({ n: Type.Integer() });

test("a transaction that throws leaves nothing behind, and its connection goes on working", async (t) => {
  const db = testPool(t, await freshDatabase(t), { connectionsMax: 1 });
  await execute(db, sql`create table things (n int primary key)`);
  const work = transaction(db, async (tx) => {
    await execute(tx, sql`insert into things values (1)`);
    throw new Error("changed my mind");
  });
  await assert.rejects(work, /changed my mind/);
  await assert.rejects(
    transaction(db, (tx) => execute(tx, sql`select 1 / 0`)),
    /division by zero/,
  );
  assert.deepEqual(await many(db, Count, sql`select n from things`), []);
});

// A server with a full disk answers every question. The written file shows that the probe would find the disk
// full.
// INVARIANT 72
test("a database that takes no changes is not ready, and the probe writes a file now and then", async (t) => {
  const db = testPool(t, await freshDatabase(t), { connectionsMax: 1 });
  const metrics = createMetrics({ service: "test" });
  const check = createWriteProbe(db, { metrics, intervalMs: 60_000 });
  const probes = async () => {
    const found = await metrics.registry.getSingleMetric("postgres_write_probes_total")?.get();
    return Object.fromEntries(found?.values.map(({ labels, value }) => [labels["result"], value]) ?? []);
  };
  const filesWritten = async () => {
    await execute(db, sql`select pg_stat_force_next_flush()`);
    const files = sql`select temp_files::int as n from pg_stat_database where datname = current_database()`;
    return (await one(db, Count, files)).n;
  };
  await execute(db, sql`set default_transaction_read_only = on`);
  await assert.rejects(check(), /takes no changes/);
  await assert.rejects(check(), /takes no changes/);
  assert.deepEqual(await probes(), { written: 0, failed: 2 });
  await execute(db, sql`set default_transaction_read_only = off`);
  await check();
  const files = await filesWritten();
  assert.ok(files >= 3, `${files} files were written`);
  // A successful probe is not repeated at once.
  await check();
  assert.deepEqual(await probes(), { written: 1, failed: 2 });
  assert.equal(await filesWritten(), files);
});

test("two transactions in a deadlock both succeed in the end", async (t) => {
  const db = testPool(t, await freshDatabase(t));
  await execute(db, sql`create table things (n int primary key, hits int not null default 0)`);
  await execute(db, sql`insert into things values (1), (2)`);
  const met = Promise.withResolvers<void>();
  let inside = 0;
  let runs = 0;
  const hit = (first: number, second: number) =>
    transaction(db, async (tx) => {
      runs++;
      await execute(tx, sql`update things set hits = hits + 1 where n = ${first}`);
      if (++inside === 2) met.resolve();
      await met.promise;
      await execute(tx, sql`update things set hits = hits + 1 where n = ${second}`);
    });
  await Promise.all([hit(1, 2), hit(2, 1)]);
  assert.ok(runs > 2, "one of them ran again");
  assert.deepEqual(await many(db, Count, sql`select hits as n from things`), [{ n: 2 }, { n: 2 }]);
});

test("a slow statement, a full pool, a lost connection and a server away are Unavailable", async (t) => {
  const url = await freshDatabase(t);
  const slow: string[] = [];
  const db = testPool(t, url, {
    connectionsMax: 1,
    connectTimeoutMs: 200,
    statementTimeoutMs: 300,
    slowQueryMsMin: 100,
    onSlowQuery: ({ statement }) => slow.push(statement),
  });
  await assert.rejects(execute(db, sql`select pg_sleep(${10})`), Unavailable);
  assert.deepEqual(slow, ["select pg_sleep($1)"]);

  const release = Promise.withResolvers<void>();
  const holder = db.withConnection(() => release.promise);
  await assert.rejects(execute(db, sql`select 1`), Unavailable);
  release.resolve();
  await holder;

  const cut = execute(db, sql`select pg_terminate_backend(pg_backend_pid())`);
  await assert.rejects(cut, Unavailable);
  await db.check();

  const nowhere = testPool(t, "postgres://mosis@127.0.0.1:9/none");
  await assert.rejects(nowhere.check(), Unavailable);
});

test("a server that falls silent is given up, and the next statement has another connection", async (t) => {
  const url = new URL(await freshDatabase(t));
  const { hostname, port } = url;
  const sockets: Socket[] = [];
  const proxy = createServer((socket) => {
    const server = connect(Number(port), hostname);
    socket.pipe(server).pipe(socket);
    sockets.push(socket, server);
    for (const end of [socket, server]) end.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  url.port = String((proxy.address() as AddressInfo).port);
  const db = testPool(t, url.href, { connectionsMax: 1, statementTimeoutMs: 300 });
  await db.check();
  for (const socket of sockets) socket.unpipe();

  await assert.rejects(db.check(), Unavailable);
  await db.check();
});

test("a session lock is held by one, and free as soon as its connection is gone", async (t) => {
  const url = await freshDatabase(t);
  const db = testPool(t, url);
  const options = { url, name: "test", log, connectTimeoutMs: 2000, statementTimeoutMs: 2000 };
  const [first, second] = await Promise.all([openSession(options), openSession(options)]);
  t.after(() => second.close());
  assert.equal(await first.tryLock("a"), true);
  assert.equal(await second.tryLock("a"), false);
  assert.equal(await second.tryLock("b"), true);

  const notified = Promise.withResolvers<void>();
  await second.listen("News of today", notified.resolve);
  await execute(db, sql`select pg_notify('News of today', '')`);
  await notified.promise;

  const pid = await one(first, Count, sql`select pg_backend_pid() as n`);
  await execute(db, sql`select pg_terminate_backend(${pid.n}, 5000)`);
  await first.lost;
  assert.equal(await second.tryLock("a"), true);
});

test("migrations run once, in order, both ways, also when several start at once", async (t) => {
  const url = await freshDatabase(t);
  const folder = await mkdtemp(join(tmpdir(), "mosis-migrations-"));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "migrations"));
  const file = (name: string, up: string, down: string) =>
    writeFile(join(folder, "migrations", name), `-- Up Migration\n${up}\n-- Down Migration\n${down}\n`);
  await file("0001_a.sql", "create table a (n int default 1);", "drop table a;");
  await file("0002_b.sql", "create table b (a_n int); insert into b values (1);", "drop table b;");
  const options = { url, folder, log };

  const runs = await Promise.all([1, 2, 3].map(() => migrate({ ...options, direction: "up" })));
  assert.deepEqual(runs.flat(), ["0001_a", "0002_b"]);
  assert.deepEqual(await migrate({ ...options, direction: "down", count: 1 }), ["0002_b"]);
  assert.deepEqual(await migrate({ ...options, direction: "up" }), ["0002_b"]);

  await file("0003_c.sql", "create table c (n int); select nonsense;", "drop table c;");
  await assert.rejects(migrate({ ...options, direction: "up" }), /nonsense/);
  await writeFile(join(folder, "migrations", "0003_c.sql"), "-- Up Migration\nselect 1;\n");
  await assert.rejects(migrate({ ...options, direction: "up" }), /0003_c.sql has no "-- Down Migration"/);
});

test("rows are copied as they are, whatever their texts are made of", async (t) => {
  const url = await freshDatabase(t);
  const db = testPool(t, url);
  await execute(db, sql`create table things (n int, word text, words text[], sure boolean)`);
  const timeouts = { connectTimeoutMs: 2000, statementTimeoutMs: 5000 };
  const session = await openSession({ url, name: "test", log, ...timeouts });
  const nasty = ["a\tb\nc\r", String.raw`\N \. \\`, `{"x",}`, "", "日本 NULL"];
  const rows = [...nasty.map((word, n) => [n, word, nasty, true]), [9, null, [], null]] as Cell[][];
  const copy = { table: "things", columns: ["n", "word", "words", "sure"], rows };
  assert.equal(await session.copy(copy), rows.length);

  const Row = Type.Object({ row: Type.Unknown() });
  const stored = await many(
    db,
    Row,
    sql`select jsonb_build_array(n, word, words, sure) as row from things order by n`,
  );
  assert.deepEqual(
    stored.map(({ row }) => row),
    rows,
  );
  await assert.rejects(session.copy({ ...copy, rows: [["no number", "", [], true]] }), /invalid input/);
  assert.equal(await session.copy(copy), rows.length, "the session goes on");
  await session.close();
});

// A migration that waits behind a long transaction must not make readers wait behind it.
// INVARIANT 61
test("a migration that gets no lock lets readers pass, and is applied when the lock is free", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "mosis-migrations-"));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "migrations"));
  const files = ["create table a (id int)", "create table b (id int)", "alter table a add column n int"];
  for (const [i, up] of files.entries()) {
    const down = "select 1";
    await writeFile(
      join(folder, "migrations", `000${i + 1}_m.sql`),
      `-- Up Migration\n${up};\n-- Down Migration\n${down};\n`,
    );
  }
  const url = await freshDatabase(t);
  // Holds its lock, idle, for as long as the machine takes for two tries of the migration.
  const db = testPool(t, url, { statementTimeoutMs: 120_000 });
  const reader = testPool(t, url, { statementTimeoutMs: 1000 });
  const options = { url, folder, direction: "up", log } as const;
  assert.deepEqual(await migrate({ ...options, count: 1 }), ["0001_m"]);

  const over = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const holding = transaction(db, async (tx) => {
    await execute(tx, sql`select from a`);
    held.resolve();
    await over.promise;
  });
  await held.promise;
  let isOver = false;
  const migrating = migrate(options).finally(() => (isOver = true));
  // The names of its connections show that it waited for the lock twice and gave up.
  const seen = new Set<number>();
  while (seen.size < 2) {
    assert.ok(!isOver, "it did not wait for the lock");
    const waiting = await many(
      db,
      Type.Object({ pid: Type.Integer() }),
      sql`
        select pid from pg_stat_activity
        where application_name = 'mosis-migrate' and wait_event_type = 'Lock'
          and datname = current_database()`,
    );
    for (const { pid } of waiting) seen.add(pid);
    // This fails after a second behind the migration.
    await execute(reader, sql`select from a`);
  }
  over.resolve();
  await holding;
  assert.deepEqual(await migrating, ["0002_m", "0003_m"]);
});
