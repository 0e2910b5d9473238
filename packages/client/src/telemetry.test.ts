import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { buffer as readAll } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { createTelemetry } from "./telemetry.ts";
import type { TelemetryOptions, TelemetryReport } from "./telemetry-options.ts";

interface Received {
  headers: IncomingMessage["headers"];
  body: {
    batch_id: string;
    sent_at: number;
    discarded?: { reason: string; count: number }[];
    events: { event_id: string; name: string }[];
  };
}
type Answer = (res: ServerResponse, received: Received) => void;

// Starts a server that fails in the ways a network does; the platform itself cannot be asked to.
async function startServer(
  t: TestContext,
  answers: Answer[],
): Promise<{ endpoint: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((req, res) => {
    void readAll(req).then((bytes) => {
      const text = req.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
      const entry = { headers: req.headers, body: JSON.parse(text.toString("utf8")) as Received["body"] };
      received.push(entry);
      (answers.shift() ?? accept)(res, entry);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, received };
}

const accept: Answer = (res, { body }) => acceptBut([])(res, { headers: {}, body });
const acceptBut =
  (results: object[]): Answer =>
  (res, { body }) => {
    const accepted = body.events.length - results.length;
    res.writeHead(202, { "content-type": "application/json" });
    res.end(
      JSON.stringify({
        batch_id: body.batch_id,
        received_at: new Date().toISOString(),
        accepted,
        rejected: results.length,
        dropped: 0,
        results,
      }),
    );
  };
const refuse =
  (status: number, headers = {}): Answer =>
  (res) => {
    res.writeHead(status, { "content-type": "application/problem+json", ...headers });
    res.end(JSON.stringify({ status, code: "made_up", detail: "No." }));
  };
const hangUp: Answer = (res) => void res.socket?.destroy();

const quick = { key: "mi_live_x", retryDelayMsMin: 5, retryDelayMsMax: 20, batchAgeMsMax: 10 };
const open = (endpoint: string, options: Partial<TelemetryOptions> = {}) =>
  createTelemetry({ endpoint, ...quick, ...options });

test("events travel in batches with the context, the key and gzip", async (t) => {
  const { endpoint, received } = await startServer(t, []);
  const context = { os: "android", version_code: 7 };
  // Only a full batch is sent, however slowly the events come.
  const limits = { batchEventsMax: 100, gzipBytesMin: 2_000, batchAgeMsMax: 60_000 };
  const telemetry = open(endpoint, { context, ...limits });
  for (let i = 0; i < 110; i++)
    telemetry.track("level_complete", { kind: "event", properties: { level: i } });
  assert.deepEqual(await telemetry.close(), { pending: 0 });

  assert.deepEqual(
    received.map(({ body }) => body.events.length),
    [100, 10],
  );
  assert.deepEqual(
    received.map(({ headers }) => headers["content-encoding"]),
    ["gzip", undefined],
  );
  assert.equal(received[0]?.headers.authorization, "Bearer mi_live_x");
  assert.equal(new Set(received.flatMap(({ body }) => body.events.map((event) => event.event_id))).size, 110);
  assert.deepEqual(telemetry.stats(), { pending: 0, accepted: 110, rejected: 0, dropped: 0, discarded: {} });
});

test("a batch whose fate is unknown or postponed is sent again, same id, fresh sent_at", async (t) => {
  const { endpoint, received } = await startServer(t, [
    hangUp,
    refuse(408),
    refuse(429),
    refuse(500),
    refuse(503),
  ]);
  const telemetry = open(endpoint);
  telemetry.track("once");
  assert.deepEqual(await telemetry.close(), { pending: 0 });
  assert.equal(received.length, 6);
  assert.equal(new Set(received.map(({ body }) => body.batch_id)).size, 1);
  assert.ok((received.at(-1)?.body.sent_at ?? 0) > (received[0]?.body.sent_at ?? 0));
});

test("Retry-After is a floor for the next attempt", async (t) => {
  const { endpoint, received } = await startServer(t, [refuse(429, { "retry-after": "1" })]);
  const telemetry = open(endpoint);
  telemetry.track("patient");
  assert.deepEqual(await telemetry.close(), { pending: 0 });
  const [first, second] = received.map(({ body }) => body.sent_at);
  assert.ok((second ?? 0) - (first ?? 0) >= 990, `${second} came too early after ${first}`);
});

test("another 4xx is never retried; its events are told as discarded with the next batch", async (t) => {
  const { endpoint, received } = await startServer(t, [refuse(422)]);
  const reports: TelemetryReport["kind"][] = [];
  const telemetry = open(endpoint, { onReport: (report) => void reports.push(report.kind) });
  telemetry.track("refused");
  await telemetry.flush();
  telemetry.track("kept");
  await telemetry.close();
  const last = received.at(-1)?.body;
  assert.deepEqual(
    received.flatMap(({ body }) => body.events.map((event) => event.name)),
    ["refused", "kept"],
  );
  assert.notEqual(received[0]?.body.batch_id, last?.batch_id);
  assert.deepEqual(
    received.flatMap(({ body }) => body.discarded ?? []),
    [{ reason: "refused_made_up", count: 1 }],
  );
  assert.deepEqual(reports, ["refused", "discarded"]);
});

test("a batch whose key the server does not know yet is kept for a while, and no longer", async (t) => {
  const { endpoint, received } = await startServer(t, [refuse(401), refuse(404), refuse(401)]);
  const telemetry = open(endpoint);
  telemetry.track("kept");
  assert.deepEqual(await telemetry.close(), { pending: 0 });
  assert.equal(received.length, 4);
  assert.deepEqual([telemetry.stats().accepted, telemetry.stats().discarded], [1, {}]);

  const stranger = await startServer(t, [refuse(401)]);
  const impatient = open(stranger.endpoint, { unknownKeptMs: 0 });
  impatient.track("lost");
  await impatient.close();
  assert.deepEqual(impatient.stats().discarded, { refused_made_up: 1 });
});

test("events that the server asks for again come in a new batch, the others do not", async (t) => {
  const retry = { index: 1, event_id: null, result: "retry", code: "busy", pointer: "", fix: "" };
  const { endpoint, received } = await startServer(t, [acceptBut([retry])]);
  const telemetry = open(endpoint);
  for (const name of ["a", "b", "c"]) telemetry.track(name);
  assert.deepEqual(await telemetry.close(), { pending: 0 });
  assert.deepEqual(
    received.map(({ body }) => body.events.map((event) => event.name)),
    [["a", "b", "c"], ["b"]],
  );
  assert.equal(received[0]?.body.events[1]?.event_id, received[1]?.body.events[0]?.event_id);
  assert.notEqual(received[0]?.body.batch_id, received[1]?.body.batch_id);
  assert.equal(telemetry.stats().accepted, 3);
});

// INVARIANT 12
test("a full queue drops its oldest events and tells how many with a batch that arrives", async (t) => {
  const { endpoint, received } = await startServer(t, [hangUp]);
  const telemetry = open(endpoint, { queueEventsMax: 3, batchAgeMsMax: 60_000 });
  for (const name of ["a", "b", "c", "d", "e"]) telemetry.track(name);
  assert.deepEqual(await telemetry.close(), { pending: 0 });
  assert.deepEqual(
    received.at(-1)?.body.events.map((event) => event.name),
    ["c", "d", "e"],
  );
  assert.deepEqual(received.at(-1)?.body.discarded, [{ reason: "queue_overflow", count: 2 }]);
  telemetry.track("late");
  assert.deepEqual(telemetry.stats().discarded, { queue_overflow: 2, closed: 1 });
});

test("what JSON cannot say is counted and never thrown at the app", async (t) => {
  const { endpoint, received } = await startServer(t, []);
  const telemetry = open(endpoint);
  telemetry.track("big", { properties: { n: 1n as unknown as number } });
  telemetry.track("long", { properties: { text: "x".repeat(40_000) } });
  await telemetry.close();
  const counts = [
    { reason: "not_serializable", count: 1 },
    { reason: "event_too_large", count: 1 },
  ];
  assert.deepEqual(
    received.map(({ body }) => [body.events.length, body.discarded]),
    [[0, counts]],
  );
});

test("close gives up at its deadline and says what was left", async (t) => {
  const { endpoint } = await startServer(t, [() => {}]);
  const telemetry = open(endpoint);
  telemetry.track("stuck");
  assert.deepEqual(await telemetry.close({ timeoutMs: 50 }), { pending: 1 });
});
