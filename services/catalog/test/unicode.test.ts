import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { operationsOf } from "@mosis/devstack";
import { execute, sql } from "@mosis/postgres";
import { catalogDocument } from "../src/openapi.ts";
import { assertProblem, startCatalog } from "./support.ts";

// Text that no store takes as it is: what was sent is stored, or refused, and never something else.

const half = String.raw`\ud83d`;

test("half of a surrogate pair is refused by its pointer, in texts and keys, at every depth", async (t) => {
  const { as, anyone, db } = await startCatalog(t);
  const ada = await as("ada");
  const bodies: [string, string[]][] = [
    [`{"package_id":"org.mosis.go","name":"Go${half}"}`, ["/name"]],
    [`{"package_id":"org.mosis.go","name":"Go","tags":["a","${half}"]}`, ["/tags/1"]],
    [`{"package_id":"org.mosis.go","name":"Go","a~${half}/":1}`, ["/a~0\ufffd~1"]],
    [`{"name":{"a":[{"b":"${half}${half}"}]}}`, ["/name/a/0/b"]],
    [`"${half}"`, [""]],
    // The second half alone, in capitals, and behind a whole pair.
    [String.raw`{"name":"\uDE00"}`, ["/name"]],
    [String.raw`{"name":"\ud83d\ude00\ude00"}`, ["/name"]],
  ];
  for (const [body, pointers] of bodies) {
    const answer = await ada.post("/v1/apps").set("Content-Type", "application/json").send(body);
    const { errors } = assertProblem(answer, "invalid_request");
    assert.deepEqual(
      errors?.map(({ pointer, code }) => [pointer, code]),
      pointers.map((pointer) => [pointer, "ill_formed"]),
    );
  }
  const account = `{"email":"eve@mosis.test","name":"Eve","password":"tram window ${half} salt"}`;
  const registered = await anyone
    .post("/v1/developers")
    .set("Content-Type", "application/json")
    .send(account);
  assertProblem(registered, "invalid_request");
  assert.equal(await execute(db, sql`select from apps`), 0);
  const whole = String.raw`{"package_id":"org.mosis.go","name":"Go \ud83d\ude00"}`;
  const made = await ada.post("/v1/apps").set("Content-Type", "application/json").send(whole).expect(201);
  assert.equal((made.body as { name: string }).name, "Go 😀");
});

test("half a pair in any text of any body is a 400, and a NUL is no 500", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  let tried = 0;
  for (const { method, path, operation } of operationsOf(catalogDocument)) {
    const { requestBody } = operation as { requestBody?: { content: Record<string, { example: unknown }> } };
    const example = requestBody?.content["application/json"]?.example;
    if (example === undefined) continue;
    const target = path.replaceAll(/\{\w+\}/g, "org.mosis.go");
    const send = (body: string) =>
      ada[method.toLowerCase() as "post"](target)
        .set("Content-Type", "application/json")
        .set("If-Match", "*")
        .send(body);
    for (const text of JSON.stringify(example).matchAll(/:"((?:[^"\\]|\\.)*)"/g)) {
      const put = (escape: string) => JSON.stringify(example).replace(text[0], `:"${text[1]}${escape}"`);
      const broken = await send(put(half));
      // A role, a fresh session or the like may be missing: then nothing of the body is read.
      if (broken.status !== 403) assertProblem(broken, "invalid_request");
      const { status } = await send(put(String.raw`\u0000`));
      assert.ok(status < 500, `${status} for a NUL in ${text[0]} of ${method} ${path}`);
      tried++;
    }
  }
  assert.ok(tried > 50, `${tried} texts`);
});

test("a path or query that is no UTF-8 is refused, and never read as something else", async (t) => {
  const { as, url } = await startCatalog(t);
  const ada = await as("ada");
  const wrong = ["%FF", "%C3%28", "%ED%A0%80", "%F0%9F%98", "caf%E9"];
  for (const text of wrong) {
    assertProblem(await ada.get(`/v1/search/apps?q=${text}`), "invalid_request");
    assertProblem(await ada.get(`/v1/search/apps?${text}=x`), "invalid_request");
    assertProblem(await ada.get(`/v1/apps/${text}`), "invalid_request");
  }
  await ada.get(`/v1/search/apps?q=${encodeURIComponent("café 😀")}`).expect(200);
  assertProblem(await ada.get("/v1/search/apps?q=%00"), "invalid_request");
  // Bytes as they are, which Node hands over as Latin-1.
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.write("GET /v1/search/apps?q=café HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  assert.match(answer, /^HTTP\/1\.1 400 /);
});
