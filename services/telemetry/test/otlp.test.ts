import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { OTLPLogExporter as JsonExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as ProtobufExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { idOf } from "../src/ingest/events/derived-id.ts";
import { openPath } from "./foreign.ts";
import {
  bytesOf,
  fieldsOf,
  logsOf,
  nanoseconds,
  post,
  protobufRecord,
  protobufResource,
  writer,
} from "./otlp-messages.ts";
import { countOf, untilCount } from "./stored.ts";
import { eventually, publishApp } from "./support.ts";

const install = "2ab2916d-a51f-4ac8-80ee-45ac31a28092";
const session = "00112233-4455-6677-8899-aabbccddeeff";

const columns = `name, kind, toString(install_id) as install, toString(session_id) as session, os, os_version,
  device_model, version_code, toUnixTimestamp64Milli(event_time) as at, properties_string, properties_number`;

test("log records of OpenTelemetry's own SDK are events", async (t) => {
  const path = await openPath(t);
  for (const [encoding, Exporter] of [
    ["protobuf", ProtobufExporter],
    ["json", JsonExporter],
  ] as const) {
    await t.test(`in ${encoding}`, async () => {
      const exporter = new Exporter({
        url: `${path.url}/v1/logs`,
        headers: { Authorization: `Bearer ${path.secret}` },
      });
      const at = Date.now() - 60_000;
      await emit(exporter, encoding, at);
      const rows = await eventually(async () => {
        const found = await path.rows(columns, `properties_string['encoding'] = '${encoding}'`);
        assert.equal(found.length, 2);
        return found;
      });
      const [purchase, failure] = rows;
      assert.deepEqual(purchase, {
        name: "purchase",
        kind: "event",
        install,
        session,
        os: "android",
        os_version: "15",
        device_model: "Pixel 9",
        version_code: 42,
        at: String(at),
        properties_string: {
          "service.name": "shop",
          "otel.scope.name": "checkout",
          encoding,
          currency: "EUR",
          items: '["a","b"]',
          "cart.kind": "gift",
        },
        properties_number: { amount: 12.5, first: 1, "cart.size": 3 },
      });
      assert.deepEqual([failure?.["name"], failure?.["kind"]], ["log", "error"]);
      assert.equal(
        (failure?.["properties_number"] as { severity_number?: number } | undefined)?.severity_number,
        17,
      );
    });
  }
});

async function emit(exporter: ProtobufExporter, encoding: string, at: number): Promise<void> {
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({
      "service.name": "shop",
      "app.installation.id": install,
      "app.build_id": "42",
      "os.name": "Android",
      "os.version": "15",
      "device.model.identifier": "Pixel 9",
    }),
    processors: [new BatchLogRecordProcessor({ exporter })],
  });
  const logger = provider.getLogger("checkout");
  logger.emit({
    eventName: "purchase",
    timestamp: at,
    attributes: {
      encoding,
      "session.id": session,
      "client.address": "203.0.113.7",
      amount: 12.5,
      first: true,
      currency: "EUR",
      items: ["a", "b"],
      cart: { size: 3, kind: "gift" },
    },
  });
  const severityNumber = SeverityNumber.ERROR;
  logger.emit({ body: "card declined", timestamp: at + 1, severityNumber, attributes: { encoding } });
  await provider.forceFlush();
  await provider.shutdown();
}

// INVARIANT 1
test("a request that is sent again shows once, and equal records of it each show", async (t) => {
  const path = await openPath(t);
  const record = { timeUnixNano: nanoseconds(), body: { stringValue: "tick" } };
  const body = JSON.stringify(logsOf([record, record, { ...record, timeUnixNano: nanoseconds(1) }]));
  for (let i = 0; i < 3; i++) assert.equal((await post(path, body)).status, 200);
  const mine = `where app_id = '${path.app.app_id}'`;
  await untilCount(path.store, `ingest_batches ${mine}`, 3);
  assert.equal(await countOf(path.store, `events ${mine}`), 3);
  assert.equal(await countOf(path.store, `(select distinct batch_id from ingest_batches ${mine})`), 1);
});

test("a Collector's batch of the default size is taken whole, with all its resources", async (t) => {
  const path = await openPath(t);
  const names = Array.from({ length: 300 }, (_, i) => `device-${i}`);
  const request = writer();
  for (const name of names) {
    const records = Array.from({ length: 28 }, (_, i) => protobufRecord(`r${i}`));
    request.bytes(1, protobufResource({ "service.instance.id": name }, records));
  }
  const body = gzipSync(request.done());
  const headers = { "content-type": "application/x-protobuf", "content-encoding": "gzip" };
  const answer = await post(path, body, headers);
  assert.deepEqual([answer.status, (await answer.arrayBuffer()).byteLength], [200, 0]);
  const mine = `where app_id = '${path.app.app_id}'`;
  await untilCount(path.store, `ingest_batches ${mine}`, 300);
  assert.equal(await countOf(path.store, `events ${mine}`), 8400);
  assert.equal(await countOf(path.store, `(select distinct install_id from events ${mine})`), 300);
  assert.equal(await countOf(path.store, `events ${mine} and install_id = '${idOf("device-7")}'`), 28);
  const bytes = await path
    .rows("1", "0")
    .then(() => countOf(path.store, `ingest_batches ${mine} and body_bytes > 0`));
  assert.equal(bytes, 1, "the bytes of the request are counted once");
});

test("a record without a time has that of receiving, and shows once when it comes again", async (t) => {
  const path = await openPath(t);
  const timeless = (name: string) => {
    const record = writer();
    record.text(12, name);
    return record.done();
  };
  const records = [timeless("binary"), timeless("binary"), protobufRecord("timed"), timeless("other")];
  const request = writer();
  request.bytes(1, protobufResource({}, records));
  const binary = request.done();
  const timed = { eventName: "timed", timeUnixNano: nanoseconds() };
  const json = JSON.stringify(logsOf([{ eventName: "json", observedTimeUnixNano: "0" }, timed]));
  const from = Date.now();
  for (let i = 0; i < 3; i++) {
    for (const [body, type] of [
      [binary, "application/x-protobuf"],
      [json, "application/json"],
    ] as const) {
      const answer = await post(path, body, { "content-type": type });
      assert.deepEqual([answer.status, await answer.text()], [200, type === "application/json" ? "{}" : ""]);
    }
  }
  const mine = `where app_id = '${path.app.app_id}'`;
  // Of each request one for what has a time and one for what has none.
  await untilCount(path.store, `ingest_batches ${mine}`, 12);
  const rows = await path.rows("name, toUnixTimestamp64Milli(event_time) as at");
  assert.deepEqual(rows.map(({ name }) => String(name)).toSorted(), [
    "binary",
    "binary",
    "json",
    "other",
    "timed",
    "timed",
  ]);
  for (const { at } of rows) assert.ok(Number(at) >= from - 1000 && Number(at) <= Date.now(), String(at));
  assert.equal(await countOf(path.store, `outcomes ${mine} and outcome <> 'accepted'`), 0);
  assert.equal(
    await countOf(path.store, `ingest_batches ${mine} and (warned > 0 or clock_correction_ms <> 0)`),
    0,
  );
});

test("of a request that is good in parts the bad records are told, and the others are kept", async (t) => {
  const path = await openPath(t);
  const old = { timeUnixNano: nanoseconds(-40 * 86_400_000), body: { stringValue: "old" } };
  const good = { timeUnixNano: nanoseconds(), body: { stringValue: "good" } };
  const early = { timeUnixNano: nanoseconds(2 * 86_400_000), body: { stringValue: "early" } };
  const answer = await post(path, JSON.stringify(logsOf([old, good, early])));
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "application/json");
  const { partialSuccess } = (await answer.json()) as { partialSuccess: Record<string, string> };
  assert.equal(partialSuccess["rejectedLogRecords"], "2");
  assert.match(partialSuccess["errorMessage"] ?? "", /time_too_old: .* time_too_far_ahead: /);
  await untilCount(path.store, `rejected_events where app_id = '${path.app.app_id}'`, 2);
  await untilCount(path.store, `events where app_id = '${path.app.app_id}'`, 1);

  const request = writer();
  request.bytes(1, protobufResource({}, [protobufRecord("good"), protobufRecord("old", 40)]));
  const binary = await post(path, request.done(), { "content-type": "application/x-protobuf" });
  assert.deepEqual([binary.status, binary.headers.get("content-type")], [200, "application/x-protobuf"]);
  const partial = fieldsOf(fieldsOf(await bytesOf(binary)).get(1) as Uint8Array);
  assert.equal(partial.get(1), 1n);
  assert.match(Buffer.from(partial.get(2) as Uint8Array).toString(), /^time_too_old: /);
});

test("with a key of several apps a resource names its app, or its own records are lost", async (t) => {
  const path = await openPath(t);
  const all = await publishApp(path.producer, { app_ids: null });
  const one = { timeUnixNano: nanoseconds(), body: { stringValue: "one" } };
  const send = (...names: (string | null)[]) => {
    const resourceLogs = names.flatMap((name) => {
      const attributes = name === null ? [] : [{ key: "mosis.package_id", value: { stringValue: name } }];
      return logsOf([one], attributes).resourceLogs;
    });
    return post({ ...path, secret: all.secret }, JSON.stringify({ resourceLogs }));
  };
  await eventually(async () => assert.equal((await send(all.app.package_id)).status, 200));
  const mixed = await send(all.app.package_id, "org.nobody.app", null);
  assert.equal(mixed.status, 200);
  const { partialSuccess } = (await mixed.json()) as { partialSuccess: Record<string, string> };
  assert.equal(partialSuccess["rejectedLogRecords"], "2");
  for (const name of ["org.nobody.app", null]) {
    const answer = await send(name);
    assert.equal(answer.status, 400);
    const { message } = (await answer.json()) as { message: string };
    assert.match(message, name ? /^not_found: / : /^app_required: .*mosis\.package_id/);
  }
  assert.equal((await post(path, "{}")).status, 200, "a request without a record is a success");
});
