import assert from "node:assert/strict";
import { test } from "node:test";
import { documentFaults, operationsOf } from "@mosis/devstack";
import { problems } from "@mosis/types/problems";
import { catalogDocument } from "../src/openapi.ts";
import { startCatalog } from "./support.ts";

const operations = operationsOf(catalogDocument);

// That answers are what the document says is checked in every test: see startCatalog.

// INVARIANT 52
test("the document is OpenAPI 3.1, is served as it is, and its examples fit their schemas", async (t) => {
  const { anyone } = await startCatalog(t);
  const { body, headers } = await anyone.get("/openapi.json").expect(200);
  assert.deepEqual(body, JSON.parse(JSON.stringify(catalogDocument)));
  assert.match(headers["content-type"] ?? "", /^application\/json/);
  assert.equal(catalogDocument.openapi, "3.1.0");
  assert.deepEqual(await documentFaults(catalogDocument), []);
});

test("every refusal is of a known code, and every operation tells of those that may always come", () => {
  for (const { path, method, operation } of operations) {
    const codes = Object.values(operation.responses).flatMap(({ description }) =>
      [...description.matchAll(/`(\w+)`: /g)].map(([, code = ""]) => code),
    );
    for (const code of codes) assert.ok(code in problems, code);
    for (const code of ["rate_limited", "internal_error", "unavailable"]) {
      assert.ok(codes.includes(code), `${method} ${path} may be ${code}`);
    }
  }
});

test("every list in a body is bounded, so that checking it is", () => {
  const unbounded = (schema: unknown): unknown[] => {
    if (typeof schema !== "object" || schema === null) return [];
    const { $ref, type } = schema as { $ref?: string; type?: unknown };
    if ($ref !== undefined) return unbounded(schemas[$ref.split("/").at(-1) ?? ""]);
    const found = type === "array" && !("maxItems" in schema) ? [schema] : [];
    return [...found, ...Object.values(schema).flatMap(unbounded)];
  };
  const { schemas } = catalogDocument.components as { schemas: Record<string, unknown> };
  const bodies = operations.flatMap(({ operation }) => Object.values(operation.requestBody?.content ?? {}));
  assert.ok(bodies.length > 30);
  for (const { schema } of bodies) assert.deepEqual(unbounded(schema), [], JSON.stringify(schema));
});

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
}

const statusRoutes = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/{name}"];

// INVARIANT 52
test("every route that is served is described, and every one that is described is served", async (t) => {
  const { app } = await startCatalog(t);
  const layers = (app as unknown as { router: { stack: Layer[] } }).router.stack;
  const served = layers
    .flatMap(({ handle }) => handle.stack ?? [])
    .flatMap(({ route }) => (route ? Object.keys(route.methods).map((method) => nameOf(method, route)) : []))
    .filter((name) => !statusRoutes.some((path) => name === `GET ${path}`));
  const described = operations.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(served.toSorted(), described.toSorted());
});

function nameOf(method: string, { path }: { path: string }): string {
  const template = path.replaceAll(/(?<!\\):(\w+)/g, "{$1}").replaceAll("\\", "");
  return `${method.toUpperCase()} ${template}`;
}

test("what needs credentials says so, and is a 401 without them", async (t) => {
  const { url } = await startCatalog(t);
  for (const { path, method, operation } of operations) {
    const { status } = await fetch(url + path.replaceAll(/\{\w+\}/g, "x"), { method });
    assert.equal(status === 401, operation.security.length > 0, `${method} ${path}`);
  }
});
