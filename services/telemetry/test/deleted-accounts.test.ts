import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { select } from "@mosis/clickhouse";
import { newId } from "@mosis/runtime";
import type { AuditEvent } from "@mosis/types/audit";
import { topics } from "@mosis/types/topics";
import Type from "typebox";
import { countOf, freshStore, openTestProducer, startTestWriter, untilCount } from "./stored.ts";
import { eventually, freshKafka, nextPosition, publishApp } from "./support.ts";

function event(developer_id: string, action: string, payload: AuditEvent["payload"]): AuditEvent {
  return {
    event_id: newId(),
    developer_id,
    occurred_at: new Date().toISOString(),
    action,
    payload,
    actor: { kind: "session", id: randomUUID() },
    target_type: "developer",
    target_id: developer_id,
    request_id: "r",
  };
}

async function opened(t: TestContext) {
  const [kafka, { store, url }] = await Promise.all([freshKafka(), freshStore(t)]);
  const producer = await openTestProducer(t, kafka);
  const { app } = await publishApp(producer);
  const { app: other } = await publishApp(producer);
  const publish = (events: AuditEvent[]) => {
    const messages = events.map((it) => ({
      key: it.developer_id,
      value: JSON.stringify(it),
      headers: nextPosition(),
    }));
    return producer.send([{ topic: topics.audit, messages }]);
  };
  const deleteApp = () => {
    const gone = { key: app.app_id, value: null, headers: nextPosition() };
    return producer.send([{ topic: topics.apps, messages: [gone] }]);
  };
  const { metrics } = await startTestWriter(t, kafka, url, 100);
  const redactedRows = async () => {
    const counter = await metrics.registry.getSingleMetric("writer_rows_redacted_total")?.get();
    return counter?.values[0]?.value ?? 0;
  };
  return { store, app, other, publish, deleteApp, redactedRows };
}

// INVARIANT 48
test("what tells of a person leaves the trail of a deleted account, and the events stay", async (t) => {
  const { store, app, other, publish, deleteApp, redactedRows } = await opened(t);
  const { developer_id: id } = app;
  const person = { id, email: "ada@example.org", name: "Ada", role: "developer", tomorrow: "Ada" };
  const key = { kind: "ingest", name: "Ada's key", permissions: ["a"], version_code: 7 };
  const events = [
    event(id, "developer.created", person),
    event(id, "key.created", key),
    event(other.developer_id, "developer.created", { ...person, id: other.developer_id }),
  ];
  await publish(events);
  await untilCount(store, "audit_events", 3);
  await untilCount(store, "apps", 2);
  await deleteApp();
  await publish([event(id, "developer.deleted", { id })]);

  const tells = `(select payload as text from audit_events_raw where developer_id = '${id}'
    union all select name from apps_raw where app_id = '${app.app_id}')
    where text like '%Ada%' or text like '%ada@%' or text like '%Test%'`;
  await untilCount(store, "audit_events", 4);
  await untilCount(store, tells, 0);
  // A record may be stored again, as it was.
  const before = await redactedRows();
  await publish(events.slice(0, 2));
  await eventually(async () => assert.ok((await redactedRows()) > before));
  await untilCount(store, tells, 0);

  const row = Type.Object({ action: Type.String(), payload: Type.String() });
  const query = `select action, any(payload) as payload from audit_events
    where developer_id = '${id}' group by action order by action`;
  const rows = await select(store, row, query);
  assert.deepEqual(
    rows.map(({ action, payload }) => [action, JSON.parse(payload) as unknown]),
    [
      ["developer.created", { id, role: "developer" }],
      ["developer.deleted", { id }],
      ["key.created", { kind: "ingest", permissions: ["a"], version_code: 7 }],
    ],
  );
  assert.equal(await countOf(store, "audit_events where payload like '%ada@example.org%'"), 1);
  assert.equal(await countOf(store, `apps where name = 'Test' and app_id = '${other.app_id}'`), 1);
});
