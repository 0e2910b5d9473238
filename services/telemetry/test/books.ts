import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { select } from "@mosis/clickhouse";
import type { OutcomeName, Outcomes } from "@mosis/types/outcomes";
import type { ProblemBody } from "@mosis/types/problems";
import type { RejectedEvent, Replayed } from "@mosis/types/rejected";
import Type from "typebox";
import { get, publishReader, startQuery } from "./reading.ts";
import { openApp } from "./sending.ts";
import { freshStore, startTestWriter, untilCount } from "./stored.ts";
import { eventually, freshKafka } from "./support.ts";

const hourMs = 3_600_000;

/** Ingest, a writer that can be started, query, and an app with an ingest key and a key that reads. */
export async function openBooks(t: TestContext) {
  const [kafka, { store, url: storeUrl }] = await Promise.all([freshKafka(), freshStore(t)]);
  const url = await startQuery(t, kafka, storeUrl);
  const app = await openApp(t, kafka);
  const reader = await publishReader(url, app.producer, {
    developer_id: app.app.developer_id,
    permissions: ["telemetry:read", "telemetry:write"],
  });
  const base = `${url}/v1/apps/${app.app.package_id}/telemetry`;
  // The key is here; the app may be a moment behind it.
  await eventually(async () => assert.equal((await get(`${base}/rejected`, reader.secret)).status, 200));
  const outcomesOf = async (interval = "hour") => {
    const [from, to] = [-hourMs, hourMs].map((ms) => new Date(Date.now() + ms).toISOString());
    const query = `from=${from}&to=${to}&interval=${interval}`;
    return get<Outcomes>(`${base}/outcomes?${query}`, reader.secret);
  };
  return {
    kafka,
    store,
    storeUrl,
    url,
    base,
    app: app.app,
    ingest: app,
    reader,
    startWriter: () => startTestWriter(t, kafka, storeUrl),
    /** The sums over all buckets, and `outcome reason` → count. */
    books: async () => {
      const { status, body } = await outcomesOf();
      assert.equal(status, 200, JSON.stringify(body));
      return summed(body);
    },
    /** The same from the views, as an analyst adds them up. */
    inSql: async () => {
      const row = Type.Object({ outcome: Type.String(), total: Type.Integer(), received: Type.Integer() });
      const rows = await select(
        store,
        row,
        `select outcome, toInt32(sum(\`count\`)) as total, toInt32(sum(outcomes.received)) as received
        from outcomes where app_id = {app:UUID} group by outcome`,
        { app: app.app.app_id },
      );
      return Object.fromEntries(rows.map(({ outcome, total }) => [outcome, total]));
    },
  };
}

export const nothing = {
  received: 0,
  accepted: 0,
  rejected: 0,
  dropped: 0,
  replayed: 0,
  refused: 0,
  discarded: 0,
  warned: 0,
};

function summed({ data }: Outcomes) {
  const totals: Record<OutcomeName | "received", number> = { ...nothing };
  const reasons: Record<string, number> = {};
  for (const bucket of data) {
    for (const name of Object.keys(nothing) as (keyof typeof nothing)[]) totals[name] += bucket[name];
    for (const { outcome, reason, count } of bucket.reasons) {
      reasons[`${outcome} ${reason}`] = (reasons[`${outcome} ${reason}`] ?? 0) + count;
    }
  }
  return { totals, reasons };
}

/** A call with a JSON body; a refusal is told by its errors. */
async function postJson(url: string, token: string, body: unknown) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const told: unknown = await answer.json();
  return { status: answer.status, body: told };
}

/** An answer without what names the request itself. */
export async function problemText(target: string, token: string, body?: unknown) {
  const answer = await fetch(target, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const { request_id, instance } = JSON.parse(text) as ProblemBody;
  const { date: _date, ...headers } = Object.fromEntries(answer.headers);
  return {
    status: answer.status,
    text: text.replace(request_id, "").replace(instance, ""),
    headers: { ...headers, "x-request-id": "", "content-length": "" },
  };
}

/** A page of rejected events. */
export interface RejectedPage {
  data: RejectedEvent[];
  page: { next_cursor: string | null; has_more: boolean };
}

/** The same, with the list of rejected events and their replay. */
export async function openRejected(t: TestContext) {
  const opened = await openBooks(t);
  const { base, reader, store, ingest } = opened;
  return {
    ...opened,
    send: ingest.send,
    list: (query: string) => get<RejectedPage>(`${base}/rejected?${query}`, reader.secret),
    replay: async (body: object) => {
      const answer = await postJson(`${base}/rejected:replay`, reader.secret, body);
      return { ...answer, body: answer.body as Replayed & Partial<ProblemBody> };
    },
    untilRejected: (rows: number) =>
      untilCount(store, `rejected_events where app_id = '${opened.app.app_id}'`, rows),
  };
}
