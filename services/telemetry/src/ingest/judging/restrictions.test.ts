import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { createLogger } from "@mosis/runtime";
import type { RestrictionState } from "@mosis/types/telemetry-restrictions";
import type { Grant } from "../../access/access-table.ts";
import { restrictionOf, RestrictionTable } from "./restrictions.ts";

const now = Date.UTC(2026, 10, 25);
const [app, ada, other] = [randomUUID(), randomUUID(), randomUUID()];
const key: Grant = {
  keyId: randomUUID(),
  developerId: ada,
  appIds: null,
  kind: "ingest",
  eventsPerSecond: null,
};

test("a restriction holds for events of which all that it names is true", () => {
  const cases: [Partial<RestrictionState>, string | null][] = [
    [{ app_id: app }, "restricted"],
    [{ app_id: other }, null],
    [{ key_id: key.keyId }, "restricted"],
    [{ key_id: other }, null],
    [{ event_name: "click" }, "restricted"],
    [{ event_name: "other" }, null],
    [{ event_name: "click", developer_id: ada }, "restricted"],
    [{ event_name: "click", developer_id: other }, null],
    [{ app_id: app, key_id: key.keyId, event_name: "click", developer_id: ada }, "restricted"],
    [{ app_id: app, key_id: other, event_name: "click" }, null],
  ];
  for (const [state, code] of cases) {
    const { codeOf } = tableOf(state);
    assert.equal(codeOf("click"), code, JSON.stringify(state));
  }
});

test("of several the strictest counts, whatever their order and however narrow they are", () => {
  const drop = { action: "drop" } as const;
  const quarantine = { action: "quarantine" } as const;
  const none = { action: "sample", rate: 0 } as const;
  const all = { action: "sample", rate: 1 } as const;
  const named = { event_name: "click" };
  const cases: [Partial<RestrictionState>[], string | null][] = [
    [[drop, quarantine, none], "restricted"],
    [[quarantine, none], "quarantined"],
    [[none, all], "sampled_out"],
    [[all], null],
    [[{ ...all, ...named }, drop], "restricted"],
    [[{ ...drop, ...named }, all], "restricted"],
    [[{ ...none, ...named }, quarantine], "quarantined"],
  ];
  for (const [states, code] of cases) {
    for (const order of [states, states.toReversed()]) {
      const { codeOf } = tableOf(...order.map((state) => ({ app_id: app, ...state })));
      assert.equal(codeOf("click"), code, JSON.stringify(order));
    }
  }
});

test("a restriction ends by itself, when it is lifted, and when its record cannot be read", () => {
  const { table, codeOf } = tableOf({ app_id: app, expires_at: new Date(now + 1000).toISOString() });
  assert.equal(codeOf("click", now + 999), "restricted");
  assert.equal(codeOf("click", now + 1000), null);
  const id = put(table, { app_id: app });
  assert.equal(codeOf("click", now + 1000), "restricted");
  table.apply(id, null);
  assert.equal(codeOf("click", now + 1000), null);
  const unreadable = put(table, { app_id: app });
  table.apply(unreadable, Buffer.from("{"));
  assert.equal(codeOf("click", now + 1000), null);
});

test("a sample keeps or drops a session as a whole, else an install, else an event", () => {
  const { rules } = tableOf({ app_id: app, action: "sample", rate: 0.5 });
  const keeps = (event: { session_id?: string; event_id?: string }, install?: string) => {
    const whole = { event_id: randomUUID(), name: "click", time: now, ...event };
    return restrictionOf(rules(), whole, install) === null;
  };
  const share = (draw: () => boolean) => Array.from({ length: 1000 }, draw).filter(Boolean).length;
  for (let i = 0; i < 50; i++) {
    const [session_id, install] = [randomUUID(), randomUUID()];
    const first = keeps({ session_id }, install);
    assert.equal(keeps({ session_id }), first, "of a session all events are alike");
    assert.equal(keeps({}, install), keeps({}, install));
    const event_id = randomUUID();
    assert.equal(keeps({ event_id }), keeps({ event_id }), "an event is alike at every attempt");
  }
  for (const draw of [
    () => keeps({ session_id: randomUUID() }),
    () => keeps({}, randomUUID()),
    () => keeps({}),
  ]) {
    assert.ok(Math.abs(share(draw) - 500) < 100);
  }
});

function tableOf(...states: Partial<RestrictionState>[]) {
  const table = new RestrictionTable({ log: createLogger({ service: "test", level: "silent" }) });
  for (const state of states) put(table, state);
  const rules = (atMs = now) => {
    const found = table.rulesOf(app, key, atMs);
    assert.ok(found);
    return found;
  };
  const codeOf = (name: string, atMs = now) => {
    const found = table.rulesOf(app, key, atMs);
    const event = { event_id: randomUUID(), name, time: atMs };
    return found && (restrictionOf(found, event, undefined)?.code ?? null);
  };
  return { table, rules, codeOf };
}

function put(table: RestrictionTable, changes: Partial<RestrictionState>): string {
  const state: RestrictionState = {
    restriction_id: randomUUID(),
    developer_id: null,
    app_id: null,
    key_id: null,
    event_name: null,
    action: "drop",
    rate: null,
    expires_at: null,
    ...changes,
  };
  table.apply(state.restriction_id, Buffer.from(JSON.stringify(state)));
  return state.restriction_id;
}
