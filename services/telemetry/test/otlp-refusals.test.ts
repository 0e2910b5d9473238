import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { openApp } from "./sending.ts";
import { bytesOf, fieldsOf, logsOf, nestedRecord, post, protobufResource, writer } from "./otlp-messages.ts";
import { freshKafka, newSecret } from "./support.ts";

// INVARIANT 10
test("refusals are a Status in the encoding of the request, and only what helps is repeated", async (t) => {
  const path = await openApp(t, await freshKafka());
  const good = JSON.stringify(logsOf([]));
  const stranger = { ...path, secret: newSecret() };
  const protobuf = { "content-type": "application/x-protobuf" };
  const deep = writer();
  deep.bytes(1, protobufResource({}, [nestedRecord(200)]));
  const latin = writer();
  latin.bytes(1, protobufResource({}, [new Uint8Array([0x62, 0x01, 0xe9])]));
  const latin1 = { "content-type": "application/json; charset=latin1" };
  const crowd = writer();
  for (let i = 0; i < 1001; i++) crowd.bytes(1, new Uint8Array());
  const many = JSON.stringify(logsOf(Array.from({ length: 10_001 }, () => ({}))));
  const cases: [string, number, RegExp, Promise<Response>][] = [
    ["broken JSON", 400, /^malformed_body: /, post(path, '{"resourceLogs": [')],
    ["JSON of another shape", 400, /^malformed_body: /, post(path, '{"resourceLogs": 7}')],
    [
      "a number that is none",
      400,
      /^malformed_body: /,
      post(path, JSON.stringify(logsOf([{ timeUnixNano: "x" }]))),
    ],
    ["no protobuf", 400, /^malformed_body: /, post(path, "hello, world", protobuf)],
    ["half a message", 400, /^malformed_body: /, post(path, new Uint8Array([0x0a, 0x7f, 0x0a]), protobuf)],
    ["not gzip", 400, /^malformed_body: /, post(path, good, { "content-encoding": "gzip" })],
    ["nested without end", 400, /^malformed_body: /, post(path, deep.done(), protobuf)],
    ["text that is not UTF-8", 400, /^malformed_body: /, post(path, latin.done(), protobuf)],
    ["another charset", 415, /^content_type_unsupported: /, post(path, good, latin1)],
    ["too many resources", 413, /^body_too_large: /, post(path, crowd.done(), protobuf)],
    [
      "too many records",
      413,
      /^body_too_large: /,
      post(path, gzipSync(many), { "content-encoding": "gzip" }),
    ],
    ["too many bytes", 413, /^body_too_large: /, post(path, " ".repeat(1_048_577))],
    ["no key", 401, /^credentials_missing: /, post({ ...path, secret: null }, good)],
    ["an unknown key", 401, /^credentials_invalid: /, post(stranger, good)],
    ["another type", 415, /^content_type_unsupported: /, post(path, good, { "content-type": "text/plain" })],
  ];
  for (const [name, status, message, sent] of cases) {
    const answer = await sent;
    assert.equal(answer.status, status, name);
    const type = answer.headers.get("content-type");
    const isProtobuf = type === "application/x-protobuf";
    const bytes = await bytesOf(answer);
    const text = isProtobuf
      ? Buffer.from(fieldsOf(bytes).get(2) as Uint8Array).toString()
      : (JSON.parse(Buffer.from(bytes).toString()) as { message: string }).message;
    assert.match(text, message, name);
    assert.equal(answer.headers.get("retry-after"), null, name);
  }
});

test("a body that does not come is a 503 with Retry-After, for exporters give up after a 408", async (t) => {
  const { url, secret } = await openApp(t, await freshKafka());
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.write(
    "POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
      `Authorization: Bearer ${secret}\r\nContent-Length: 100\r\n\r\n{`,
  );
  const [chunk] = (await once(socket, "data")) as Buffer[];
  assert.match(String(chunk), /^HTTP\/1\.1 503 [^]*\r\nRetry-After: 2\r\n/);
});
