import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { insertJson, select } from "@mosis/clickhouse";
import type { BatchAccepted } from "@mosis/types/telemetry";
import type { RejectedEvent } from "@mosis/types/rejected";
import Type from "typebox";
import { openRejected, type RejectedPage } from "./books.ts";
import { batchOf, eventOf, lineHeaders } from "./sending.ts";
import { countOf, untilCount } from "./stored.ts";
import { eventually } from "./support.ts";

const dayMs = 86_400_000;
const around = { from: at(-dayMs), to: at(dayMs) };

test("rejected events are read page by page, from new to old, as they came", async (t) => {
  const { send, list, untilRejected, startWriter } = await openRejected(t);
  await startWriter();
  const context = { os: "android", version_code: 7, unknown: "x" };
  const events = Array.from({ length: 5 }, (_, n) => eventOf({ kind: "click", name: `n${n}` }));
  for (const event of events) {
    assert.equal((await send(batchOf([eventOf({}), event], { context }))).status, 202);
  }
  assert.equal((await send("{]\n", lineHeaders())).status, 202);
  await untilRejected(6);

  const seen: RejectedEvent[] = [];
  let cursor: string | null = null;
  do {
    const page: RejectedPage = (await list(`limit=2${cursor === null ? "" : `&cursor=${cursor}`}`)).body;
    assert.ok(page.data.length <= 2);
    seen.push(...page.data);
    cursor = page.page.next_cursor;
  } while (cursor !== null);
  const [line, ...clicks] = seen as [RejectedEvent, ...RejectedEvent[]];
  assert.deepEqual([line.code, line.raw, line.event_id, line.context], ["json_invalid", "{]", null, {}]);
  assert.deepEqual(
    clicks.map(({ raw }) => JSON.parse(raw) as unknown),
    events.toReversed(),
  );
  const { received_at, delivery_id, batch_id, ...last } = clicks.at(-1) as RejectedEvent;
  assert.ok(Date.parse(received_at) <= Date.now() && delivery_id !== batch_id);
  assert.deepEqual(last, {
    index: 1,
    event_id: events[0]?.event_id,
    code: "kind_unknown",
    pointer: "/kind",
    fix: last.fix,
    raw: JSON.stringify(events[0]),
    context: { os: "android", version_code: 7 },
    replayed_at: null,
  });
  assert.match(last.fix, /one of event, screen/);

  const count = async (query: string) => (await list(query)).body.data.length;
  assert.equal(await count("code=json_invalid"), 1);
  assert.equal(await count(`from=${at(-dayMs)}&to=${received_at}`), 0);
  assert.equal(await count(`from=${received_at}`), 6);
  assert.equal(await count("replayed=true"), 0);
  assert.equal((await list("cursor=abc")).status, 400);
  assert.equal((await list("limit=101")).status, 400);
});

// Guards the invariant "the books balance" (INVARIANTS.md): a replayed event came once.
// INVARIANT 8
test("what was rejected is accepted once by a replay, in its own time and context", async (t) => {
  const { send, list, replay, untilRejected, startWriter, books, store, app } = await openRejected(t);
  await startWriter();
  const session_id = randomUUID();
  const good = eventOf({ session_id, properties: { score: 1 } });
  const broken = { ...good, event_id: randomUUID(), properties: { score: {}, level: "wald" } };
  const hopeless = eventOf({ name: "", properties: { score: {} } });
  const context = { install_id: randomUUID(), os: "android", version_code: 9 };
  const batch = batchOf([good, broken, hopeless, 7], { context });
  const sent = (await (await send(batch)).json()) as BatchAccepted;
  assert.deepEqual([sent.accepted, sent.rejected], [1, 3]);
  await untilRejected(3);
  const patch = { properties: { score: null } };

  const asked = { ...around, patch };
  const dry = await replay({ ...asked, dry_run: true });
  assert.equal(dry.status, 200);
  const { results, ...counts } = dry.body;
  assert.deepEqual(counts, { accepted: 1, rejected: 2, remaining: 0, next_cursor: null });
  assert.deepEqual(
    results.map(({ index, code, pointer }) => [index, code, pointer]),
    [
      [2, "name_invalid", "/name"],
      [3, "field_missing", "/event_id"],
    ],
  );
  assert.equal((await list("")).body.data.length, 3);

  const done = await replay(asked);
  assert.equal(done.status, 202);
  assert.deepEqual(done.body, dry.body);
  await eventually(async () => assert.equal((await list("")).body.data.length, 2));
  const [row] = await select(
    store,
    Type.Record(Type.String(), Type.Unknown()),
    `select received_at, install_id, os, version_code, properties from events
    where app_id = '${app.app_id}' and mapContains(properties, 'level')`,
  );
  const { install_id, os, version_code } = context;
  const properties = { level: "wald" };
  assert.deepEqual(row, { received_at: sent.received_at, install_id, os, version_code, properties });
  const [marked] = (await list("replayed=true")).body.data;
  assert.deepEqual([marked?.index, marked?.replayed_at === null], [1, false]);

  // A second replay finds only what is left, and what was told is what the books say.
  assert.deepEqual((await replay(asked)).body, { ...dry.body, accepted: 0 });
  await eventually(async () => {
    const { totals, reasons } = await books();
    const { received, accepted, rejected, replayed } = totals;
    assert.deepEqual(
      { received, accepted, rejected, replayed },
      { received: 4, accepted: 2, rejected: 3, replayed: 1 },
    );
    assert.equal(reasons["replayed property_value_invalid"], 1);
  });
  assert.equal(await countOf(store, `events where app_id = '${app.app_id}'`), 2);
});

// Guards: a replay that is repeated before the writer has its marks (killed, or two at once) is in the books
// once.
// INVARIANT 8
test("two replays of the same events at once are one in the books and in the events", async (t) => {
  const { send, list, replay, untilRejected, startWriter, books, store, app } = await openRejected(t);
  const first = await startWriter();
  const events = Array.from({ length: 150 }, () => eventOf({ kind: "click" }));
  assert.equal((await send(batchOf(events))).status, 202);
  await untilRejected(150);
  await first.close();

  const asked = { ...around, patch: { kind: "event" } };
  const both = await Promise.all([replay(asked), replay({ ...asked, limit: 70 })]);
  assert.deepEqual(
    both.map(({ status, body }) => [status, body.accepted, body.remaining]),
    [
      [202, 150, 0],
      [202, 70, 80],
    ],
  );
  await startWriter();
  await untilCount(store, `events where app_id = '${app.app_id}'`, 150);
  await eventually(async () => {
    const { totals } = await books();
    const { received, accepted, rejected, replayed } = totals;
    assert.deepEqual([received, accepted, rejected, replayed], [150, 150, 150, 150]);
  });
  assert.equal((await list("")).body.data.length, 0);
});

test("a replay goes on where the last one ended, and takes an old event in its own time", async (t) => {
  const { list, replay, books, store, app, startWriter } = await openRejected(t);
  await startWriter();
  const rows = Array.from({ length: 5 }, (_, n) => rejectedRow(app.app_id, 20 + n));
  const late = rejectedRow(app.app_id, 10, 31);
  const cut = { ...rejectedRow(app.app_id, 9), raw: '{"event_id":"' };
  await insertJson(store, { table: "rejected_events_raw", rows: [...rows, late, cut] });
  const range = { from: at(-29 * dayMs), to: at(0), event_name: "old" };

  const first = await replay({ ...range, limit: 2 });
  assert.deepEqual([first.body.accepted, first.body.remaining], [2, 4]);
  const { next_cursor } = first.body;
  assert.ok(next_cursor);
  const rest = await replay({ ...range, cursor: next_cursor });
  assert.deepEqual([rest.body.accepted, rest.body.rejected, rest.body.remaining], [3, 1, 0]);
  assert.equal(rest.body.results[0]?.code, "time_too_old", "it was too old when it came");
  await untilCount(store, `events where app_id = '${app.app_id}' and name = 'old'`, 5);

  // What is no JSON stays what it was.
  const { event_name: _all, ...whole } = range;
  await eventually(async () => assert.equal((await list("")).body.data.length, 2));
  const last = await replay({ ...whole, code: "event_too_large" });
  assert.deepEqual(
    last.body.results.map(({ code }) => code),
    ["time_too_old", "event_too_large"],
  );
  assert.equal((await books()).totals.received, 0, "of that hour nothing");
});

test("a replay takes no patch deeper than an event, no unknown field and no open range", async (t) => {
  const { replay, url } = await openRejected(t);
  const bad: [string, Record<string, unknown>][] = [
    ["/patch/properties", { ...around, patch: { properties: { a: { b: 1 } } } }],
    ["/patch/a", { ...around, patch: { a: [1] } }],
    ["/nobody", { ...around, nobody: 1 }],
    ["/limit", { ...around, limit: 1001 }],
    ["/from", { to: around.to }],
  ];
  for (const [pointer, body] of bad) {
    const answer = await replay(body);
    assert.equal(answer.status, 400, pointer);
    assert.equal(answer.body.errors?.[0]?.pointer, pointer);
  }
  assert.equal((await replay({ ...around, patch: JSON.parse('{"__proto__":{"a":1}}') })).status, 400);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, /route="\/v1\/apps\/{package_id}\/telemetry\/rejected:replay",status="400"/);
});

/** An event that was rejected so many days ago. */
function rejectedRow(app_id: string, daysAgo: number, ageDays = 25) {
  const received = Date.now() - daysAgo * dayMs;
  const event = { event_id: randomUUID(), name: "old", time: received - ageDays * dayMs };
  return {
    app_id,
    received_at: new Date(received).toISOString(),
    batch_id: randomUUID(),
    delivery_id: randomUUID(),
    index: 0,
    event_id: event.event_id,
    code: "event_too_large",
    pointer: "",
    raw: JSON.stringify(event),
  };
}

function at(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}
