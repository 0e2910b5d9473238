// Tests of shared content: it is sent compressed, sent once, and limited for each address.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { createApp, listen, openApiDocument } from "@mosis/http";
import { createLogger, createMetrics } from "@mosis/runtime";
import Type from "typebox";

const long = "A sentence that is told again and again. ".repeat(2000);

async function startDocumented(t: TestContext) {
  const log = createLogger({ service: "test", level: "silent" });
  const openapi = openApiDocument({
    title: "Test",
    version: "1",
    description: long,
    operations: [
      {
        method: "get",
        path: "/v1/things",
        id: "readThings",
        summary: "Reads things.",
        access: "public",
        answers: { 200: { description: "All of them.", body: Type.Object({}) } },
      },
    ],
  });
  const { app } = createApp({
    log,
    metrics: createMetrics({ service: "test" }),
    ready: {},
    routes: [],
    openapi,
  });
  const server = await listen(app, {
    port: 0,
    requestTimeoutMs: 5000,
    headersTimeoutMs: 5000,
    drainTimeoutMs: 50,
  });
  t.after(() => server.close());
  return { url: server.url, text: JSON.stringify(openapi) };
}

test("the document is sent compressed, and not again to whoever has it", async (t) => {
  const { url, text } = await startDocumented(t);
  const tags = new Set<string>();
  for (const [accepted, encoding] of [
    ["gzip, deflate, br", "br"],
    ["gzip", "gzip"],
    ["br;q=0, gzip", "gzip"],
    ["identity", null],
  ] as const) {
    const answer = await fetch(`${url}/openapi.json`, { headers: { "accept-encoding": accepted } });
    assert.equal(answer.headers.get("content-encoding"), encoding, accepted);
    assert.equal(answer.headers.get("cache-control"), "public, max-age=300");
    assert.equal(answer.headers.get("vary"), "Accept-Encoding");
    const bytes = Number(answer.headers.get("content-length"));
    assert.ok(encoding === null ? bytes === Buffer.byteLength(text) : bytes < text.length / 20, `${bytes}`);
    assert.equal(await answer.text(), text);
    const etag = answer.headers.get("etag") ?? "";
    assert.match(etag, /^"[\w-]+"$/, "it is strong");
    tags.add(etag);
    const again = await fetch(`${url}/openapi.json`, {
      headers: { "accept-encoding": accepted, "if-none-match": etag },
    });
    assert.deepEqual([again.status, await again.text(), again.headers.get("etag")], [304, "", etag]);
  }
  assert.equal(tags.size, 3, "each form has a tag of its own");
});

test("an address reads the document and the reference page so often, and health as it likes", async (t) => {
  const { url } = await startDocumented(t);
  const paths = ["/openapi.json", "/docs", "/docs/swagger-ui.css", "/docs/nothing"];
  let served = 0;
  for (let status = 200; status !== 429 && served < 3000; served++) {
    const path = paths[served % paths.length] ?? "";
    const answer = await fetch(url + path, { method: served % 2 === 0 ? "GET" : "HEAD" });
    await answer.arrayBuffer();
    ({ status } = answer);
    assert.ok([200, 404, 429].includes(status), `${path} ${status}`);
  }
  assert.ok(served > 300 && served < 3000, `${served} requests were served`);
  const refused = await fetch(`${url}/docs/start.js`);
  assert.deepEqual(
    [refused.status, ((await refused.json()) as { code: string }).code],
    [429, "rate_limited"],
  );
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});
