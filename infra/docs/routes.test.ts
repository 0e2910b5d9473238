import assert from "node:assert/strict";
import { test } from "node:test";
import { routeRows } from "./routes.ts";

const operation = (summary: string, ...security: object[]) => ({ summary, security });

test("each operation has a row with its method, its path and its summary", () => {
  const rows = routeRows({
    "/v1/apps": { get: operation("List apps"), post: operation("Create an app") },
    "/v1/keys": { get: operation("List keys") },
  });
  assert.deepEqual(rows, [
    ["`GET /v1/apps`", "nothing", "List apps"],
    ["`POST /v1/apps`", "nothing", "Create an app"],
    ["`GET /v1/keys`", "nothing", "List keys"],
  ]);
});

test("a row says which credentials an operation needs", () => {
  const needs = (...security: object[]) => routeRows({ "/": { get: operation("", ...security) } })[0]?.[1];
  assert.equal(needs({ bearer: [] }), "a session or a management key");
  assert.equal(needs({ bearer: ["session"] }), "a session");
  assert.equal(needs({ bearer: ["reviewer"] }), "a session of a reviewer");
  assert.equal(needs({ bearer: ["apps:read"] }), "`apps:read`");
  assert.equal(needs({ bearer: ["a:read"] }, { bearer: ["a:write"] }), "`a:read` or `a:write`");
  assert.equal(needs({ bearer: ["a:write"] }, { basic: [] }, {}), "`a:write`");
});
