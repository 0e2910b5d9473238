import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { type IncomingRecord, type KafkaConfig, openLagReader } from "@mosis/kafka";
import { topics } from "@mosis/types/topics";
import { nothing, openBooks, problemText } from "./books.ts";
import { get, publishFurtherApp, publishReader } from "./reading.ts";
import { batchOf, eventOf, post } from "./sending.ts";
import { countOf, readTopic, untilCount } from "./stored.ts";
import { eventually, newSecret, startIngest, untilReady } from "./support.ts";

// INVARIANT 8
test("every event is accepted or rejected in the books, and every refused batch is there", async (t) => {
  const { startWriter, books, inSql, app, ingest, store, kafka } = await openBooks(t);
  const { send, url } = ingest;
  const { writer } = await startWriter();

  const bad = [eventOf({ kind: "click" }), eventOf({ kind: "tap" }), eventOf({ name: "" }), 7];
  const long = eventOf({ properties: { text: "x".repeat(2000) } });
  const discarded = [
    { reason: "queue_overflow", count: 3 },
    { reason: "offline", count: 4_294_967_295 },
    { reason: "queue_overflow", count: 2 },
  ];
  const mixed = batchOf([eventOf({}), long, ...bad], { discarded });
  for (const batch of [mixed, mixed, batchOf([eventOf({}), eventOf({})])]) {
    assert.equal((await send(batch)).status, 202);
  }
  const skewed = batchOf([eventOf({ time: Date.now() - 3_600_000 }), long], {
    sent_at: Date.now() - 3_600_000,
  });
  assert.equal((await send(skewed)).status, 202);
  assert.equal((await send({ events: [] })).status, 422);
  assert.equal((await send("{")).status, 400);
  assert.equal((await send("{")).status, 400);
  assert.equal((await post(url, newSecret(), batchOf([]))).status, 401);

  await eventually(async () => assert.deepEqual(await books(), expected));
  await untilCount(store, `outcomes where app_id = toUUID('${noApp}') and reason = 'credentials_invalid'`, 1);
  await eventually(async () => {
    const { accepted, rejected } = await inSql();
    assert.deepEqual([accepted, rejected], [8, 8]);
  });
  // What was sent twice is stored once: accepted = stored + duplicates.
  assert.equal(await countOf(store, `events where app_id = '${app.app_id}'`), 8 - 2 - 1);

  // Guards: a second copy of a record doubles nothing, whoever wrote it twice.
  const copies = (await readAll(t, kafka)).map(({ value, headers }) => ({ value, headers, partition: 1 }));
  await ingest.producer.send([{ topic: topics.events, messages: copies }]);
  await eventually(async () => {
    assert.equal((await readAll(t, kafka)).length, 2 * copies.length);
    assert.deepEqual(
      (await writer.lag()).filter(({ records: behind }) => behind > 0),
      [],
    );
  });
  assert.deepEqual(await books(), expected);

  // A request that is refused for lack of room, before any other step, counts for the app of its key.
  const full = await startIngest(t, kafka, { heldBytesMax: 0 });
  await untilReady(full.url);
  assert.equal((await post(full.url, ingest.secret, batchOf([]))).status, 503);
  await eventually(async () => assert.equal((await books()).reasons["refused unavailable"], 1));
});

// INVARIANT 40
test("what is somebody else's, or of an app the key does not serve, is missing byte for byte", async (t) => {
  const { url, reader, base, app, ingest } = await openBooks(t);
  const sibling = await publishFurtherApp(ingest.producer, app.developer_id);
  const { developer_id } = app;
  const limited = await publishReader(url, ingest.producer, { developer_id, app_ids: [sibling.app_id] });
  const stranger = await publishReader(url, ingest.producer, {
    permissions: ["telemetry:read", "telemetry:write"],
  });
  const range = "from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z";
  const replay = { from: "2026-11-01T00:00:00Z", to: "2026-11-02T00:00:00Z" };
  const paths: [string, unknown?][] = [
    [`outcomes?${range}&interval=hour`],
    ["rejected"],
    ["rejected:replay", replay],
  ];
  for (const [path, body] of paths) {
    const missing = await problemText(`${url}/v1/apps/org.nobody.app/telemetry/${path}`, reader.secret, body);
    assert.equal(missing.status, 404);
    const owners = await problemText(`${base}/${path}`, reader.secret, body);
    assert.notEqual(owners.status, 404, path);
    assert.deepEqual(await problemText(`${base}/${path}`, stranger.secret, body), missing, path);
    if (body === undefined) {
      assert.deepEqual(await problemText(`${base}/${path}`, limited.secret, body), missing, path);
    }
    assert.equal((await problemText(`${base}/${path}`, ingest.secret, body)).status, 403, path);
    assert.equal((await problemText(`${base}/${path}`, newSecret(), body)).status, 401, path);
  }
});

test("outcomes are asked for a bounded time alone", async (t) => {
  const { base, reader } = await openBooks(t);
  const status = async (query: string) => {
    const { status: code, body } = await get(`${base}/outcomes?${query}`, reader.secret);
    return [code, body.errors?.[0]?.pointer];
  };
  const day = "from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z";
  assert.deepEqual(await status(`${day}&interval=minute`), [200, undefined]);
  assert.deepEqual(await status("from=2026-01-01T00:00:00Z&to=2026-11-02T00:00:00Z&interval=day"), [
    200,
    undefined,
  ]);
  assert.deepEqual(await status("from=2026-10-30T00:00:00Z&to=2026-11-02T00:00:00Z&interval=minute"), [
    400,
    "/to",
  ]);
  assert.deepEqual(await status("from=2026-11-02T00:00:00Z&to=2026-11-02T00:00:00Z&interval=day"), [
    400,
    "/to",
  ]);
  assert.deepEqual(await status(`${day}&interval=week`), [400, "/interval"]);
  assert.deepEqual(await status("interval=day"), [400, "/from"]);
});

/** Of what the first test sends. */
const expected = {
  totals: {
    ...nothing,
    accepted: 8,
    rejected: 8,
    received: 16,
    warned: 4,
    discarded: 2 * 4_294_967_300,
    refused: 3,
  },
  reasons: {
    "rejected kind_unknown": 4,
    "rejected name_invalid": 2,
    "rejected not_an_object": 2,
    "warned string_truncated": 3,
    "warned clock_corrected": 2,
    "discarded queue_overflow": 10,
    "discarded offline": 2 * 4_294_967_295,
    "refused batch_invalid": 1,
    "refused malformed_json": 2,
  },
};

const noApp = "00000000-0000-0000-0000-000000000000";

/** Every record of `telemetry.events` there is by now. */
async function readAll(t: TestContext, kafka: KafkaConfig): Promise<IncomingRecord[]> {
  // A group that has committed nothing lags by everything there is.
  const reader = openLagReader(kafka, { group: randomUUID(), topics: [topics.events] });
  try {
    const lags = await reader.read();
    return await readTopic(
      t,
      kafka,
      topics.events,
      lags.reduce((sum, { records }) => sum + records, 0),
    );
  } finally {
    await reader.close();
  }
}
