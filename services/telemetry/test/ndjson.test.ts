import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { ProblemBody } from "@mosis/types/problems";
import { type BatchAccepted, telemetryLimits } from "@mosis/types/telemetry";
import { readIngested } from "./ingested.ts";
import { batchOf, eventOf, lineHeaders, openApp, post } from "./sending.ts";
import { eventually, freshKafka, publishApp } from "./support.ts";

test("a batch of lines is stored like the same batch in JSON", async (t) => {
  const { send, ingested } = await started(t);
  const aheadMs = 3_600_000;
  const sent_at = Date.now() + aheadMs;
  const context = { install_id: randomUUID(), version_code: 42, os: "android", device_model: "Bücher 📚" };
  const sdk = { name: "sdk", version: "1" };
  const discarded = [{ reason: "offline", count: 3 }];
  const session_id = randomUUID();
  const events = [1, 2, 3].map((a) => eventOf({ session_id, time: sent_at - a, properties: { a, b: "ü" } }));

  const json = batchOf(events, { sent_at, context, sdk, discarded });
  assert.equal((await send(json)).status, 202);
  const headers = lineHeaders({
    "content-encoding": "gzip",
    "mosis-sent-at": new Date(sent_at).toISOString(),
    "mosis-context": ascii(context),
    "mosis-sdk": JSON.stringify(sdk),
    "mosis-discarded": JSON.stringify(discarded),
  });
  const answer = await send(gzipSync(events.map((event) => JSON.stringify(event)).join("\n")), headers);
  assert.equal(answer.status, 202);
  const body = (await answer.json()) as BatchAccepted;
  const batch_id = headers["mosis-batch-id"];
  assert.deepEqual([body.batch_id, body.accepted, body.results[0]?.code], [batch_id, 3, "clock_corrected"]);

  const told = ({ ...row }: Record<string, unknown>) => {
    for (const own of ["batch_id", "delivery_id", "received_at", "body_bytes"]) delete row[own];
    return { ...row, clock_correction_ms: Math.round(Number(row["clock_correction_ms"]) / 60_000) };
  };
  assert.deepEqual(told(await ingested.batch(batch_id)), told(await ingested.batch(json.batch_id)));
  const rows = await ingested.rows("events", `session_id = '${session_id}'`);
  assert.ok(rows.length >= 6);
  // Of one event, whichever way it came: only what depends on the moment of arrival may differ.
  const distinct = new Set(
    rows.map((row) => JSON.stringify({ ...row, clock_correction_ms: 0, received_delay_ms: 0 })),
  );
  assert.equal(distinct.size, 3);
});

// Guards: one bad event never costs its batch, also when it is not even JSON.
// INVARIANT 5
test("a line that is not JSON costs itself alone, and its text is kept", async (t) => {
  const { send, ingested } = await started(t);
  const good = (name: string) => JSON.stringify(eventOf({ name }));
  const long = `{"name":"${"ü".repeat(30_000)}`;
  const bad = ['{"event_id":', "", "  \r", "null", "1,2"];
  const lines = [good("first"), ...bad, good("second"), long, good("third")];
  const headers = lineHeaders();
  const answer = await send(lines.join("\r\n"), headers);
  assert.equal(answer.status, 202);
  const body = (await answer.json()) as BatchAccepted;
  assert.deepEqual([body.accepted, body.rejected], [3, 4]);
  const broken = { event_id: null, result: "drop", code: "json_invalid", pointer: "" };
  assert.deepEqual(
    body.results.map(({ fix, ...result }) => ({ ...result, fix: fix.length > 0 })),
    [
      { index: 1, ...broken, fix: true },
      { index: 2, ...broken, code: "not_an_object", fix: true },
      { index: 3, ...broken, fix: true },
      { index: 5, ...broken, fix: true },
    ],
  );
  await ingested.batch(headers["mosis-batch-id"]);
  // As sets: a record may come twice.
  const names = (await ingested.rows("events")).map(({ name }) => name);
  assert.deepEqual(new Set(names), new Set(["first", "second", "third"]));
  const rejected = await eventually(async () => {
    const rows = await ingested.rows("rejected");
    const texts = new Map(rows.map(({ index, raw }) => [Number(index), String(raw)]));
    assert.deepEqual([...texts.keys()], [1, 2, 3, 5]);
    return [...texts.values()];
  });
  assert.deepEqual(
    rejected.slice(0, 3).map((raw) => raw.trim()),
    ['{"event_id":', "null", "1,2"],
  );
  assert.ok(long.startsWith(rejected[3]?.slice(0, 16_000) ?? "nothing"));
  assert.ok(Buffer.byteLength(rejected[3] ?? "") <= telemetryLimits.eventBytesMax + 2);
});

// INVARIANT 10
test("blank lines are no events, however many they are", async (t) => {
  const { send } = await started(t);
  const blank = "\n".repeat(telemetryLimits.inflatedBytesMax - 1000);
  const answers = [
    [0, await send("", lineHeaders())],
    [0, await send(" \t\r\n\r\n", lineHeaders())],
    [1, await send(gzipSync(`${blank}${JSON.stringify(eventOf({}))}\n\n`), gzipped())],
  ] as const;
  for (const [events, answer] of answers) {
    assert.equal(answer.status, 202);
    const { accepted, rejected } = (await answer.json()) as BatchAccepted;
    assert.deepEqual([accepted, rejected], [events, 0]);
  }
});

test("the limits of a batch and an event are those of JSON", async (t) => {
  const { send } = await started(t);
  const full = Array.from({ length: telemetryLimits.eventsPerBatchMax }, () => JSON.stringify(eventOf({})));
  assert.equal((await send(full.join("\n"), lineHeaders())).status, 202);
  assert.equal((await send(`${full.join("\n")}\n1`, lineHeaders())).status, 422);
  assert.equal((await send("\n".repeat(telemetryLimits.bodyBytesMax + 1), lineHeaders())).status, 413);
  const bomb = gzipSync("\n".repeat(telemetryLimits.inflatedBytesMax + 1));
  assert.equal((await send(bomb, gzipped())).status, 413);
  const large = JSON.stringify(eventOf({ properties: { a: "x".repeat(telemetryLimits.eventBytesMax) } }));
  const body = (await (await send(large, lineHeaders())).json()) as BatchAccepted;
  assert.deepEqual([body.rejected, body.results[0]?.code], [1, "event_too_large"]);
});

test("headers that make no batch are refused with a problem that says which", async (t) => {
  const { send, app, url, producer } = await started(t);
  const line = JSON.stringify(eventOf({}));
  const cases: [Record<string, string>, number, string, RegExp][] = [
    [{ "mosis-batch-id": "42" }, 422, "batch_invalid", /"\/batch_id"/],
    [{ "mosis-sent-at": "now" }, 422, "batch_invalid", /"\/sent_at"/],
    [{ "mosis-package-id": "Chess" }, 422, "batch_invalid", /"\/package_id"/],
    [{ "mosis-context": '{"version_code":"42"}' }, 422, "batch_invalid", /"\/context\/version_code"/],
    [{ "mosis-context": "[]" }, 422, "batch_invalid", /"\/context"/],
    [{ "mosis-context": "{os:1}" }, 400, "malformed_json", /Mosis-Context/],
    [{ "mosis-context": '{"os":"ü"}' }, 400, "malformed_json", /Mosis-Context is not JSON in ASCII/],
    [{ "mosis-sdk": "" }, 400, "malformed_json", /Mosis-Sdk/],
    [{ "mosis-discarded": '[{"reason":"x"}]' }, 422, "batch_invalid", /"\/discarded\/0"/],
    [{ "mosis-package-id": "org.nobody.app" }, 404, "not_found", /no such app/],
    [{ "content-type": "application/x-ndjsonx" }, 415, "content_type_unsupported", /x-ndjson/],
  ];
  for (const [headers, status, code, says] of cases) {
    const answer = await send(line, lineHeaders(headers));
    const text = await answer.text();
    assert.deepEqual([answer.status, (JSON.parse(text) as ProblemBody).code], [status, code], text);
    assert.match(text, says);
  }
  const nameless = await send(line, { "content-type": "application/x-ndjson" });
  assert.equal(nameless.status, 422);
  assert.match(((await nameless.json()) as ProblemBody).detail, /Mosis-Batch-Id.* first is required/);
  assert.equal((await send(line, lineHeaders({ "mosis-package-id": app.package_id }))).status, 202);
  const spelled = lineHeaders({ "content-type": "Application/X-NDJSON; charset=utf-8" });
  assert.equal((await send(line, spelled)).status, 202);

  const all = await publishApp(producer, { app_ids: null });
  const named = lineHeaders({ "mosis-package-id": all.app.package_id });
  await eventually(async () => assert.equal((await post(url, all.secret, line, named)).status, 202));
  const unnamed = await post(url, all.secret, line, lineHeaders());
  assert.equal(((await unnamed.json()) as ProblemBody).code, "app_required");
});

function gzipped() {
  return lineHeaders({ "content-encoding": "gzip" });
}

/** JSON as a header takes it. */
function ascii(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\u0020-\u007e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

async function started(t: TestContext) {
  const kafka = await freshKafka();
  const open = await openApp(t, kafka);
  return { ...open, ingested: await readIngested(t, kafka) };
}
