import assert from "node:assert/strict";
import { test } from "node:test";
import { sendAndEnd } from "@mosis/devstack";
import supertest from "supertest";
import { putApp } from "./published.ts";
import { assertProblem, startCatalog } from "./support.ts";

test("a query with a second question mark is linked to whole", async (t) => {
  const { anyone, db } = await startCatalog(t);
  for (const end of ["a", "b", "c"]) await putApp(db, { package_id: `org.mosis.${end}`, name: "Chess" });
  const { headers } = await anyone.get("/v1/search/apps?q=chess?&limit=1").expect(200);
  const next = /^<(.+)>; rel="next"$/.exec(headers["link"] ?? "")?.[1] ?? "";
  const { searchParams } = new URL(next, "http://127.0.0.1");
  assert.deepEqual([searchParams.get("q"), searchParams.get("limit")], ["chess?", "1"]);
  const second = (await anyone.get(next).expect(200)).body as { data: object[] };
  assert.equal(second.data.length, 1);
});

test("every answer has its request id, and says what browsers and caches may not do with it", async (t) => {
  const { url } = await startCatalog(t);
  const kept = new Map([
    ["/openapi.json", "public, max-age=300"],
    ["/docs", "no-cache"],
    ["/docs/start.js", "public, max-age=86400"],
  ]);
  const paths = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/docs/start.js",
    "/v1/keys",
    "/",
  ];
  for (const path of paths) {
    const { headers } = await fetch(url + path, { headers: { "x-request-id": "trace.1" } });
    assert.equal(headers.get("x-request-id"), "trace.1", path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    assert.match(headers.get("content-security-policy") ?? "", /^default-src 'none'; /, path);
    assert.equal(headers.get("cache-control"), kept.get(path) ?? "no-store", path);
  }
});

// All three services have the same rules: see packages/http/test/request-form.test.ts.
test("a request of two hosts or lengths is refused, and nothing behind it is read", async (t) => {
  const { url } = await startCatalog(t);
  const start = "GET /v1/keys HTTP/1.1\r\nHost: x\r\n";
  const behind = "GET /v1/keys HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const rest of [
    "Host: y\r\n",
    "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n",
    "Idempotency-Key: a\r\nIdempotency-Key: b\r\n",
    "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
  ]) {
    const answers = await sendAndEnd(url, Buffer.from(`${start}${rest}\r\n${behind}`));
    const found = answers.map(({ status, headers }) => [status, headers.get("connection")]);
    assert.deepEqual(found, [[400, "close"]], rest);
  }
});

test("OPTIONS that is no preflight is refused with all methods of the route", async (t) => {
  const { url } = await startCatalog(t);
  for (const [path, allowed] of [
    ["/v1/keys", "GET, HEAD, POST"],
    ["/v1/apps/org.mosis.go", "GET, HEAD, PATCH, DELETE"],
    ["/v1/apps/org.mosis.go:publish", "POST"],
  ] as const) {
    const answer = await supertest(url).options(path);
    assertProblem(answer, "method_not_allowed");
    assert.equal(answer.headers["allow"], allowed, path);
  }
  assertProblem(await supertest(url).options("/v1/nothing"), "not_found");
});
