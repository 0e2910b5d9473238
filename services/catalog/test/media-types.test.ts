import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { type OperationObject, operationsOf } from "@mosis/devstack";
import type { Version } from "@mosis/types/versions";
import { catalogDocument } from "../src/openapi.ts";
import { approved, startReleasing } from "./releasing.ts";
import { newVersion } from "./signing.ts";
import { assertProblem, startCatalog } from "./support.ts";

// The same rules as at ingest: its table is in packages/http/src/content.test.ts.
test("media types and codings are read in any case and spelling", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  let n = 0;
  const send = (headers: Record<string, string>, isGzip = false) => {
    const text = JSON.stringify({ package_id: `org.mosis.a${n++}`, name: "Go" });
    return ada
      .post("/v1/apps")
      .set(headers)
      .serialize((body: unknown) => body as string)
      .send(isGzip ? gzipSync(text) : text);
  };
  for (const type of [
    "application/json;charset=utf8",
    "Application/JSON; Charset=UTF8",
    'application/json; charset="utf-8"',
    "application/json; version=1",
    "application/merge-patch+json",
    "application/json;",
  ]) {
    assert.equal((await send({ "Content-Type": type })).status, 201, type);
  }
  const json = { "Content-Type": "application/json" };
  for (const coding of ["Identity", " identity ", ""]) {
    assert.equal((await send({ ...json, "Content-Encoding": coding })).status, 201, coding);
  }
  for (const coding of ["GZIP", "x-gzip"]) {
    assert.equal((await send({ ...json, "Content-Encoding": coding }, true)).status, 201, coding);
  }
  assertProblem(
    await send({ "Content-Type": "application/json; charset=latin1" }),
    "content_type_unsupported",
  );
  assertProblem(await send({ ...json, "Content-Encoding": "gzip, gzip" }), "content_encoding_unsupported");
});

test("a body whose every field may be left out may be left out, with and without a type", async (t) => {
  const { ada, key, rita } = await startReleasing(t);
  const name = "2.0.0-beta.1+exp.sha.5114f85";
  const version = { ...newVersion(1, key), version_name: name };
  const path = await approved({ caller: ada, reviewer: rita }, "org.mosis.go", version);
  const published = await ada.post(`${path}:publish`).set("If-Match", "*").expect(200);
  const { version_name, availability } = published.body as Version;
  assert.deepEqual([version_name, availability], [name, "available"]);
  await ada.post("/v1/apps/org.mosis.go:publish").set("If-Match", "*").expect(200);
  const json = { "If-Match": "*", "Content-Type": "application/json" };
  await ada.post("/v1/apps/org.mosis.go:suspend").set(json).expect(200);
  assertProblem(await ada.post("/v1/apps").set("Content-Type", "application/json"), "malformed_json");
  const long = { ...newVersion(2, key), version_name: "x".repeat(65) };
  assertProblem(await ada.post("/v1/apps/org.mosis.go/versions", long), "invalid_request");
});

test("an action takes one method, and another is told so whatever its resource takes", async (t) => {
  const { as } = await startCatalog(t);
  const ada = await as("ada");
  const paths = operationsOf(catalogDocument).filter(({ path }) => /:[a-z-]+$/.test(path));
  assert.ok(paths.length > 30);
  for (const { path } of paths) {
    const target = path.replaceAll(/\{\w+\}/g, "1");
    for (const method of ["get", "patch", "put", "delete"] as const) {
      const answer = await ada[method](target);
      assertProblem(answer, "method_not_allowed");
      assert.equal(answer.headers["allow"], "POST", `${method} ${target}`);
    }
  }
});

test("the document says what is required: If-Match where it is, a body where one is", () => {
  for (const { method, path, operation } of operationsOf(catalogDocument)) {
    const {
      parameters = [],
      responses,
      requestBody,
    } = operation as OperationObject & {
      parameters?: { name: string; required: boolean; schema?: object }[];
      responses: object;
      requestBody?: { required: boolean; content: Record<string, { schema: object }> };
    };
    const match = parameters.find(({ name }) => name === "If-Match");
    assert.equal(match?.required === true, "428" in responses, `${method} ${path}`);
    const key = parameters.find(({ name }) => name === "Idempotency-Key");
    if (key) assert.equal((key.schema as { maxLength?: number }).maxLength, 255);
    if (path.endsWith("versions/{version_code}:publish")) assert.equal(requestBody?.required, false);
    if (path === "/v1/apps" && method === "POST") assert.equal(requestBody?.required, true);
  }
});
