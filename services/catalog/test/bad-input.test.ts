import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { ProblemCode } from "@mosis/types/problems";
import fc from "fast-check";
import { assertProblem, auditTrail, startCatalog } from "./support.ts";

// A client's mistake is never a 500, and is told so that the client can mend it.

const app = { package_id: "org.mosis.go", name: "Go" };

test("a body that cannot be read is refused, with the place where it breaks", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  const send = (body: string | Buffer, headers: Record<string, string> = {}) =>
    ada
      .post("/v1/apps")
      .set({ "Content-Type": "application/json", ...headers })
      .serialize(String)
      .send(body);
  const bodies: [string | Buffer, Record<string, string>, ProblemCode, RegExp][] = [
    ['{"name": "Go",\n "package_id" "x"}', {}, "malformed_json", /line 2, column 15\./],
    ['{"name": nope}', {}, "malformed_json", /line 1, column \d+\./],
    ['{"name": "Go"', {}, "malformed_json", /line 1, column 14, where the body ends/],
    ["", {}, "malformed_json", /empty/],
    ['{"name": "\u0000"}', {}, "malformed_json", /column 11/],
    ["[".repeat(2000), {}, "malformed_json", /where the body ends/],
    ["[".repeat(30_000), {}, "invalid_request", /2048 objects and lists/],
    [`{"a":[${"{},".repeat(2048)}1]}`, {}, "invalid_request", /2048 objects and lists/],
    [" ".repeat(65_537), {}, "body_too_large", /65536/],
    ["{}", { "Content-Type": "text/plain" }, "content_type_unsupported", /application\/json/],
    ["{}", { "Content-Type": "application/json; charset=utf-16" }, "content_type_unsupported", /UTF-8/],
    ["{}", { "Content-Encoding": "br" }, "content_encoding_unsupported", /gzip/],
    ["not gzip", { "Content-Encoding": "gzip" }, "malformed_body", /gzip/],
  ];
  for (const [body, headers, code, detail] of bodies) {
    const refused = assertProblem(await send(body, headers), code);
    assert.match(refused.detail, detail);
    assert.equal(refused.instance, "/v1/apps");
  }
});

test("a body without a key or session may have a quarter of the bytes", async (t) => {
  const { anyone } = await startCatalog(t);
  const send = (bytes: number) =>
    anyone
      .post("/v1/developers")
      .set("Content-Type", "application/json")
      .serialize(String)
      .send(" ".repeat(bytes));
  assertProblem(await send(16_384), "malformed_json");
  assert.match(assertProblem(await send(16_385), "body_too_large").detail, /16384/);
  const report = anyone.post("/v1/keys:report-leak").set("Content-Type", "application/json");
  const refused = await report.serialize(String).send(" ".repeat(32_769));
  assert.match(assertProblem(refused, "body_too_large").detail, /32768/);
});

test("invalid UTF-8 and a gzip bomb are refused, good gzip is taken", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  const send = async (bytes: Buffer, encoding?: string) => {
    const test = ada.post("/v1/apps").set("Content-Type", "application/json");
    if (encoding !== undefined) test.set("Content-Encoding", encoding);
    test.serialize((body: unknown) => body as string);
    return test.send(bytes);
  };
  assertProblem(await send(Buffer.from([0x22, 0xff, 0x22])), "malformed_json");
  assertProblem(await send(gzipSync(Buffer.alloc(1_000_000, 32)), "gzip"), "body_too_large");
  const taken = await send(gzipSync(JSON.stringify(app)), "gzip");
  assert.equal(taken.status, 201);
});

test("wrong types, unknown fields and NULs are told by pointer, and change nothing", async (t) => {
  const { as, db } = await startCatalog(t);
  const ada = await as("ada");
  const before = await auditTrail(db);
  const bodies: [unknown, [string, string][]][] = [
    [null, [["", "type"]]],
    [[app], [["", "type"]]],
    [{ ...app, name: 1 }, [["/name", "type"]]],
    [{ ...app, name: null }, [["/name", "type"]]],
    [{ ...app, tags: "a" }, [["/tags", "type"]]],
    [{ ...app, tags: ["a", 1] }, [["/tags/1", "type"]]],
    [{ ...app, nmae: "typo" }, [["/nmae", "unknown_field"]]],
    [{ ...app, "a/b~c": 1 }, [["/a~1b~0c", "unknown_field"]]],
    [{ ...app, name: "a\u0000b" }, [["/name", "pattern"]]],
    [{ ...app, description: "a\u0000b" }, [["/description", "pattern"]]],
    [{ ...app, tags: ["a\u0000b"] }, [["/tags/0", "pattern"]]],
    [{ name: "Go" }, [["/package_id", "required"]]],
  ];
  for (const [body, expected] of bodies) {
    const answer = await ada
      .post("/v1/apps")
      .set("Content-Type", "application/json")
      .send(JSON.stringify(body));
    const refused = assertProblem(answer, "invalid_request");
    assert.deepEqual(
      refused.errors?.map(({ pointer, code }) => [pointer, code]),
      expected,
    );
  }
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`field${i}`, i]));
  const refused = assertProblem(await ada.post("/v1/apps", many), "invalid_request");
  assert.equal(refused.errors?.length, 20, "the list of faults is bounded, and not empty");
  assert.deepEqual(await auditTrail(db), before);
});

test("a key __proto__ is refused wherever it stands and however it is written", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  const proto = ['"__proto__"', String.raw`"\u005f_proto__"`];
  const bodies = proto.flatMap((key) => [
    `{${key}: {"admin": true}, "name": "Go"}`,
    `{"tags": [{${key}: 1}], "name": "Go"}`,
  ]);
  for (const body of bodies) {
    const answer = await ada.post("/v1/apps").set("Content-Type", "application/json").send(body);
    assert.match(assertProblem(answer, "invalid_request").detail, /__proto__/);
  }
  assertProblem(await ada.get("/v1/apps?__proto__=1"), "invalid_request");
  assertProblem(await ada.get("/v1/apps/__proto__"), "not_found");
});

test("limits out of bounds, repeated and unknown parameters are refused", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  const queries = ["limit=0", "limit=101", "limit=-1", "limit=1.5", "limit=ten", "limit=", "limit=1e1"];
  for (const query of [...queries, "limit=1&limit=2", "limit[]=1", "offset=1", "constructor=1"]) {
    assertProblem(await ada.get(`/v1/apps?${query}`), "invalid_request");
    assertProblem(await ada.get(`/v1/keys?${query}`), "invalid_request");
  }
  for (const query of ["", "limit=1", "limit=100"]) await ada.get(`/v1/apps?${query}`).expect(200);
});

test("a cursor that is not ours, of another list, cut or forged is refused", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  for (const name of ["a", "b"]) {
    await ada.post("/v1/apps", { package_id: `org.mosis.${name}`, name }).expect(201);
  }
  const { body } = await ada.get("/v1/apps?limit=1").expect(200);
  const cursor = (body as { page: { next_cursor: string } }).page.next_cursor;
  const mark = cursor.slice(0, 6);
  const [at, id] = JSON.parse(Buffer.from(cursor.slice(6), "base64url").toString()) as [string, string];
  const forge = (...position: unknown[]) =>
    mark + Buffer.from(JSON.stringify(position)).toString("base64url");
  assert.equal(forge(at, id), cursor);
  const forged = [
    "x",
    mark,
    cursor.slice(0, -9),
    cursor.slice(1),
    `${mark}e30`,
    "a".repeat(512),
    forge(),
    forge(at),
    forge(at, id, 1),
    forge(id, at),
    forge(at, "x"),
    forge(at, `${id}\u0000`),
    // What JavaScript reads as a time and PostgreSQL does not, or the other way round.
    ...["0000-01-01T00:00:00.000000Z", "2026-01-01T00:00:00+23:59", "infinity", "now", "24:00"].map((time) =>
      forge(time, id),
    ),
    ...["9999-12-31T23:59:59-23:59", "2026-01-01t24:00:00z", "2026-02-30T00:00:00.000000Z"].map((time) =>
      forge(time, id),
    ),
  ];
  for (const wrong of forged) {
    assertProblem(await ada.get(`/v1/apps?cursor=${wrong}`), "cursor_invalid");
  }
  assertProblem(await ada.get(`/v1/keys?cursor=${cursor}`), "cursor_invalid");
  assertProblem(await ada.get(`/v1/apps?cursor=${"a".repeat(513)}`), "invalid_request");
  await ada.get(`/v1/apps?cursor=${cursor}`).expect(200);
});

test("a wrong method names the right ones, an unknown route is a 404, a malformed path a 400", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  const wrong = await ada.delete("/v1/apps");
  assertProblem(wrong, "method_not_allowed");
  assert.equal(wrong.headers["allow"], "GET, HEAD, POST");
  assertProblem(await ada.post("/v1/keys/x", {}), "method_not_allowed");
  // An action is not what it is done to.
  const action = await ada.put("/v1/apps/org.mosis.go:publish", {});
  assertProblem(action, "method_not_allowed");
  assert.equal(action.headers["allow"], "POST");
  assertProblem(await ada.post("/v1/keys/x:frob", {}), "not_found");
  for (const path of ["/", "/v1", "/v2/apps", "/v1/apps/a/b", "/.env", "/v1/%2e%2e/apps"]) {
    assertProblem(await ada.get(path), "not_found");
  }
  for (const path of ["/v1/apps/%zz", "/v1/keys/%C0%AF", "/v1/keys/%"]) {
    assertProblem(await ada.get(path), "invalid_request");
  }
});

test("a path with a NUL is like any other that is not there", async (t) => {
  const { anyone } = await startCatalog(t);
  const callback = { flow_token: "x", callback: "?code=x" };
  assertProblem(await anyone.post("/v1/oauth/%00:finish", callback), "token_invalid");
});

test("a sane X-Request-Id comes back and stands in the audit trail; any other is replaced", async (t) => {
  const { as, anyone, db } = await startCatalog(t);
  const ada = await as("ada");
  const { headers } = await ada.post("/v1/apps", app).set("X-Request-Id", "trace.1-a_b").expect(201);
  assert.equal(headers["x-request-id"], "trace.1-a_b");
  assert.equal((await auditTrail(db)).at(-1)?.request_id, "trace.1-a_b");
  for (const sent of ["", "two words", "a".repeat(65), "a\tb", "{}", "ä"]) {
    const answer = await anyone.get("/v1/apps").set("X-Request-Id", sent);
    assert.match(assertProblem(answer, "credentials_missing").request_id, /^[0-9a-f-]{36}$/, sent);
  }
});

test("a body that ends early changes nothing", async (t) => {
  const { as, db, url } = await startCatalog(t);
  const ada = await as("ada");
  const before = await auditTrail(db);
  const aborted = httpRequest(`${url}/v1/apps`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${ada.token}`,
      "Content-Type": "application/json",
      "Content-Length": "100",
    },
  });
  const ended = new Promise((resolve) => aborted.once("error", resolve));
  aborted.write(JSON.stringify(app).slice(0, 20), () => aborted.destroy(new Error("cut")));
  await ended;
  await ada.get("/v1/apps/org.mosis.go").expect(404);
  assert.deepEqual(await auditTrail(db), before);
});

// The general case of everything above.
// INVARIANT 38
test("whatever JSON is sent to whatever route, the answer is never a 500", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("org.mosis.x", "a@b.cd", "ingest"));
  const value = fc.oneof({ weight: 3, arbitrary: text }, { weight: 1, arbitrary: fc.jsonValue() });
  const names = ["email", "name", "password", "package_id", "tags", "kind", "permissions", "expires_at"];
  const body = fc.oneof(
    fc.dictionary(fc.constantFrom(...names, "description", "package_ids"), value),
    fc.jsonValue(),
  );
  const route = fc.constantFrom("/v1/developers", "/v1/sessions", "/v1/apps", "/v1/keys");
  await fc.assert(
    fc.asyncProperty(route, body, async (path, sent) => {
      const answer = await ada.post(path).set("Content-Type", "application/json").send(JSON.stringify(sent));
      assert.ok(answer.status < 500, answer.text);
    }),
    { numRuns: 100 },
  );
  const path = fc.oneof(text, fc.webFragments());
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("/v1/apps/", "/v1/keys/", "/v1/apps?cursor="),
      path,
      async (at, rest) => {
        const answer = await ada.get(at + encodeURIComponent(rest.toWellFormed()));
        assert.ok(answer.status < 500, answer.text);
      },
    ),
    { numRuns: 100 },
  );
});
