import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { select } from "@mosis/clickhouse";
import Type from "typebox";
import { idOf } from "../src/ingest/events/derived-id.ts";
import { openRejected } from "./books.ts";
import { post } from "./otlp-messages.ts";
import { lineHeaders } from "./sending.ts";
import { untilCount } from "./stored.ts";

const dayMs = 86_400_000;
const id = "653247040368672769";

async function opened(t: TestContext) {
  const rejected = await openRejected(t);
  await rejected.startWriter();
  const { store, app } = rejected;
  const mine = `events where app_id = '${app.app_id}'`;
  const row = Type.Record(Type.String(), Type.Unknown());
  const rows = (columns: string, where: string) =>
    select(store, row, `select ${columns} from ${mine} and ${where} order by name`);
  return {
    ...rejected,
    rows,
    untilStored: (where: string, n: number) => untilCount(store, `${mine} and ${where}`, n),
  };
}

const integers = `"id":${id},"minus":-9007199254740993,"safe":9007199254740991`;
const properties = `{${integers},"float":${id}.0,"exp":1e21}`;

function native(name: string, more = ""): string {
  const start = `{"event_id":"${randomUUID()}","name":"${name}","time":${Date.now()}`;
  return `${start},"properties":${properties}${more}}`;
}

function batchText(...events: string[]): string {
  return `{"batch_id":"${randomUUID()}","events":[${events.join()}]}`;
}

// INVARIANT 9
test("integers beyond 2^53 keep their digits on every path of our own", async (t) => {
  const { send, rows, untilStored } = await opened(t);
  const taken = [
    await send(batchText(native("scanned"))),
    await send(batchText(native("spaced").replace('"id":', '"id" : '))),
    await send(`${native("line")}\n`, lineHeaders()),
  ];
  for (const { status } of taken) assert.equal(status, 202);
  await untilStored("1", 3);
  for (const stored of await rows("name, properties_string as s, properties_number as n", "1")) {
    assert.deepEqual(
      [stored["s"], stored["n"]],
      [
        { id, minus: "-9007199254740993" },
        { safe: 9007199254740991, float: Number(id), exp: 1e21 },
      ],
      String(stored["name"]),
    );
  }
});

// INVARIANT 9
test("integers beyond 2^53 keep their digits in OTLP and in Segment's calls, as ids too", async (t) => {
  const { ingest, rows, untilStored } = await opened(t);
  const at = new Date().toISOString();
  const call = (messageId: string, userId: string) =>
    `{"type":"track","event":"segment","timestamp":"${at}","messageId":${messageId},"userId":${userId},
      "properties":{"id":${id},"list":[${id}],"map":{"id":${id}}}}`;
  const record = (name: string, value: string) =>
    `{"timeUnixNano":"${Date.now()}000000","eventName":"${name}","attributes":[
      {"key":"id","value":${value}},
      {"key":"list","value":{"arrayValue":{"values":[${value}]}}},
      {"key":"map","value":{"kvlistValue":{"values":[{"key":"id","value":${value}}]}}}]}`;
  const records = `${record("otlp", `{"intValue":${id}}`)},${record("text", `{"intValue":"${id}"}`)}`;
  const other = "653247040368672768";
  const calls = [call("740992653247040368672769", id), call("740992653247040368672768", other)];
  const sent = [
    await fetch(`${ingest.url}/v1/batch`, {
      method: "POST",
      headers: { authorization: `Bearer ${ingest.secret}` },
      body: `{"batch":[${calls.join()}]}`,
    }),
    await post(ingest, `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${records}]}]}]}`),
  ];
  for (const { status } of sent) assert.equal(status, 200);
  await untilStored("1", 4);
  for (const stored of await rows("properties", "1")) {
    assert.deepEqual(stored["properties"], { id, list: `["${id}"]`, "map.id": id });
  }
  const installs = await rows("toString(install_id) as install", "name = 'segment'");
  assert.deepEqual(new Set(installs.map(({ install }) => install)), new Set([idOf(id), idOf(other)]));
});

// INVARIANT 9
test("what is refused keeps its digits, and a replay has them", async (t) => {
  const { send, list, replay, base, reader, untilRejected, rows, untilStored } = await opened(t);
  // Refused by the one path and by the other.
  const unknown = native("late", `,"kind":"?"`);
  const late = native("late").replace(/"time":\d+/, '"time":1');
  assert.equal((await send(batchText(unknown, late))).status, 202);
  assert.equal((await send(batchText(late))).status, 202);
  await untilRejected(3);
  const { body } = await list("");
  const written = [late, late, unknown].map((raw) =>
    raw.replace(`${id}.0`, Number(id).toExponential()).replace("1e21", "1e+21"),
  );
  assert.deepEqual(
    body.data.map(({ raw }) => raw),
    written,
  );
  const from = new Date(Date.now() - dayMs).toISOString();
  const to = new Date(Date.now() + dayMs).toISOString();
  const patch = { kind: null, properties: { added: "x" } };
  const replayed = await replay({ from, to, code: "kind_unknown", patch });
  assert.deepEqual([replayed.status, replayed.body.accepted], [202, 1]);
  await untilStored("name = 'late'", 1);
  const [stored] = await rows("properties_string as s", "name = 'late'");
  assert.deepEqual(stored, { s: { id, minus: "-9007199254740993", added: "x" } });
  // A patch cannot hold what would become another number.
  const wrong = `{"from":"${from}","to":"${to}","patch":{"properties":{"id":${id}}}}`;
  const headers = { authorization: `Bearer ${reader.secret}`, "content-type": "application/json" };
  const told = await fetch(`${base}/rejected:replay`, { method: "POST", headers, body: wrong });
  assert.equal(told.status, 400);
});

test("a field that is a number is refused as a number, however many digits it has", async (t) => {
  const { send, startWriter } = await openRejected(t);
  await startWriter();
  const event = (changes: string) =>
    `{"event_id":"${randomUUID()}","name":"a","time":${Date.now()}${changes}}`;
  const cases: [string, string][] = [
    [event(`,"duration_ms":${id}`), "duration_invalid"],
    [event("").replace(/"time":\d+/, `"time":${id}`), "time_invalid"],
    [event("").replace('"a"', id), "type_invalid"],
    [event(`,"session_id":${id}`), "type_invalid"],
    [event(`,"properties":{"a":[${id}]}`), "property_value_invalid"],
    [id, "not_an_object"],
  ];
  const body = `{"batch_id":"${randomUUID()}","events":[${cases.map(([sent]) => sent).join()}]}`;
  const answer = await send(body);
  const { results } = (await answer.json()) as { results: { code: string }[] };
  assert.deepEqual(
    results.map(({ code }) => code),
    cases.map(([, code]) => code),
  );
});
