import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { newId } from "@mosis/runtime";
import type { AuditEvent } from "@mosis/types/audit";
import { topics } from "@mosis/types/topics";
import { get, publishReader, startQuery } from "./reading.ts";
import { freshStore, openTestProducer, startTestWriter } from "./stored.ts";
import { eventually, freshKafka, nextPosition } from "./support.ts";

interface Page {
  data: AuditEvent[];
  page: { next_cursor: string | null; has_more: boolean };
}

// INVARIANT 22
test("the audit trail is read page by page, from new to old, without a repeat or a gap", async (t) => {
  const { developer_id, publish, page } = await openTrail(t);
  const startedMs = Date.UTC(2026, 10, 24);
  // Committed one after the other by processes whose clocks disagree, several in one millisecond.
  const events = Array.from({ length: 23 }, (_, n) =>
    eventOf(developer_id, { occurred_at: new Date(startedMs - Math.floor(n / 6)).toISOString() }),
  );
  // Kafka delivers at least once: what came twice is one entry.
  await publish([...events, ...events.slice(5)]);
  await eventually(async () => assert.equal((await page("limit=100")).data.length, 23));

  const read: AuditEvent[] = [];
  let cursor: string | null = "";
  const sizes = [];
  while (cursor !== null) {
    const { data, page: end } = await page(`limit=5${cursor && `&cursor=${cursor}`}`);
    read.push(...data);
    sizes.push(data.length);
    assert.equal(end.has_more, end.next_cursor !== null);
    cursor = end.next_cursor;
    // What is new meanwhile does not move the pages.
    if (sizes.length === 1) await publishLate(page, publish, eventOf(developer_id, {}));
  }
  assert.deepEqual(sizes, [5, 5, 5, 5, 3]);
  assert.deepEqual(
    read.map(({ event_id }) => event_id),
    events.map(({ event_id }) => event_id).toReversed(),
    "commit order, whatever the clocks say",
  );
  const [original] = events.slice(-1);
  assert.deepEqual(
    read.find(({ event_id }) => event_id === original?.event_id),
    original,
  );
});

async function publishLate(
  page: (query: string) => Promise<Page>,
  publish: (events: AuditEvent[]) => Promise<void>,
  event: AuditEvent,
): Promise<void> {
  await publish([event]);
  await eventually(async () => assert.equal((await page("limit=1")).data[0]?.event_id, event.event_id));
}

test("filters leave what they name: an actor, an action, a target, a time", async (t) => {
  const { developer_id, publish, page } = await openTrail(t);
  const at = (ms: number) => new Date(Date.UTC(2026, 10, 24) + ms).toISOString();
  const events = [
    eventOf(developer_id, { action: "app.created", target_id: "a", occurred_at: at(0) }),
    eventOf(developer_id, { action: "app.updated", target_id: "a", occurred_at: at(1) }),
    eventOf(developer_id, { action: "app.created", target_id: "b'--", occurred_at: at(2) }),
    eventOf(developer_id, { actor: { kind: "session", id: "s1" }, occurred_at: at(3) }),
  ];
  await publish(events);
  await eventually(async () => assert.equal((await page("")).data.length, 4));
  const cases: [string, number[]][] = [
    ["actor=s1", [3]],
    ["action=app.created", [2, 0]],
    ["target=a", [1, 0]],
    ["target=a&action=app.updated", [1]],
    [`target=${encodeURIComponent("b'--")}`, [2]],
    ["target=nobody", []],
    [`from=${at(1)}`, [3, 2, 1]],
    [`to=${at(2)}`, [1, 0]],
    [`from=${at(1)}&to=${at(3)}`, [2, 1]],
    [`from=${at(3)}&to=${at(1)}`, []],
    // Finer than what is stored: not before it, and before it.
    [`from=${at(1).replace("Z", "5Z")}`, [3, 2]],
    [`to=${at(1).replace("Z", "5Z")}`, [1, 0]],
    [`from=${encodeURIComponent("2026-11-24T02:00:00.002+02:00")}`, [3, 2]],
    ["from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59.999Z", [3, 2, 1, 0]],
  ];
  for (const [query, expected] of cases) {
    const ids = (await page(query)).data.map(({ event_id }) => event_id);
    assert.deepEqual(
      ids,
      expected.map((n) => events[n]?.event_id),
      query,
    );
  }
  const first = await page("action=app.created&limit=1");
  const rest = await page(`action=app.created&limit=1&cursor=${first.page.next_cursor}`);
  assert.deepEqual(
    [rest.data[0]?.target_id, rest.page.has_more],
    ["a", false],
    "a filter holds on every page",
  );
});

// Guards the invariant "a resource that is not yours answers exactly like one that does not exist".
// INVARIANT 40
test("an audit trail shows its developer's events alone, to keys that may read all of it", async (t) => {
  const { developer_id, publish, page, url, producer } = await openTrail(t);
  const other = await publishReader(url, producer);
  await publish([eventOf(other.app.developer_id, { target_id: "theirs" }), eventOf(developer_id, {})]);
  await eventually(async () => assert.equal((await page("")).data.length, 1));
  assert.deepEqual((await page("target=theirs")).data, []);

  const reader = await publishReader(url, producer, { developer_id, permissions: ["telemetry:read"] });
  const limited = await publishReader(url, producer, { developer_id, app_ids: [other.app.app_id] });
  for (const [what, secret, detail] of [
    ["without the permission", reader.secret, /audit:read/],
    ["for listed apps", limited.secret, /listed apps/],
  ] as const) {
    const answer = await get(`${url}/v1/audit`, secret);
    assert.deepEqual([answer.status, answer.body.code], [403, "permission_missing"], what);
    assert.match(answer.body.detail, detail);
  }
  assert.equal((await get(`${url}/v1/audit`, null)).status, 401);
});

test("a filter or cursor that cannot be read is a 400 that points at it", async (t) => {
  const { url, secret } = await openTrail(t);
  const ask = (query: string) => get(`${url}/v1/audit?${query}`, secret);
  const cases: [string, string, string][] = [
    ["limit=0", "invalid_request", "/limit"],
    ["limit=101", "invalid_request", "/limit"],
    ["limit=many", "invalid_request", "/limit"],
    ["from=yesterday", "invalid_request", "/from"],
    ["to=2026-02-30T00:00:00Z", "invalid_request", "/to"],
    ["actor=", "invalid_request", "/actor"],
    [`target=${"x".repeat(201)}`, "invalid_request", "/target"],
    ["action=a%00b", "invalid_request", "/action"],
    ["action=a&action=b", "invalid_request", "/action"],
    ["acter=x", "invalid_request", "/acter"],
    ["cursor=x", "cursor_invalid", "/cursor"],
    ["cursor=", "cursor_invalid", "/cursor"],
    [`cursor=${"x".repeat(600)}`, "invalid_request", "/cursor"],
  ];
  for (const [query, code, pointer] of cases) {
    const { status, headers, body } = await ask(query);
    assert.deepEqual([status, body.code, body.errors?.[0]?.pointer], [400, code, pointer], query);
    assert.match(headers.get("content-type") ?? "", /^application\/problem\+json/);
  }
  assert.equal((await ask("")).status, 200);
});

/** A running writer and query, and a developer whose trail is read. */
async function openTrail(t: TestContext) {
  const [kafka, { url: storeUrl }] = await Promise.all([freshKafka(), freshStore(t)]);
  const producer = await openTestProducer(t, kafka);
  const url = await startQuery(t, kafka, storeUrl);
  await startTestWriter(t, kafka, storeUrl);
  const { secret, app } = await publishReader(url, producer);
  return {
    url,
    producer,
    secret,
    developer_id: app.developer_id,
    publish: async (events: AuditEvent[]): Promise<void> => {
      const messages = events.map((event) => ({
        key: event.developer_id,
        value: JSON.stringify(event),
        headers: positionOf(event),
      }));
      await producer.send([{ topic: topics.audit, messages }]);
    },
    page: async (query: string): Promise<Page> => {
      const { status, body } = await get<Page>(`${url}/v1/audit?${query}`, secret);
      assert.equal(status, 200, query);
      return body;
    },
  };
}

const positions = new Map<string, Record<string, string>>();

/** An event keeps its place, however often it is sent. */
function positionOf({ event_id }: AuditEvent): Record<string, string> {
  const known = positions.get(event_id) ?? nextPosition();
  positions.set(event_id, known);
  return known;
}

function eventOf(developer_id: string, changes: Partial<AuditEvent>): AuditEvent {
  return {
    event_id: newId(),
    developer_id,
    occurred_at: new Date().toISOString(),
    actor: { kind: "key", id: randomUUID() },
    action: "key.created",
    target_type: "app",
    target_id: randomUUID(),
    request_id: randomUUID(),
    payload: { name: "Chess", tags: ["a"], nested: { n: 1 } },
    ...changes,
  };
}
