import assert from "node:assert/strict";
import { test } from "node:test";
import { problems } from "@mosis/types/problems";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Response } from "supertest";
import { catalogDocument } from "../src/openapi.ts";
import { checkReleases } from "./openapi-releases.ts";
import { checkReviews } from "./openapi-reviews.ts";
import { putApp } from "./published.ts";
import { startReviews } from "./reviewing.ts";
import { newSigningKey } from "./signing.ts";
import { type Caller, startCatalog } from "./support.ts";

interface Operation {
  operationId: string;
  security: object[];
  parameters: { name: string; in: string; required: boolean; schema: object }[];
  requestBody?: { required: boolean; content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}

const paths = catalogDocument.paths as Record<string, Record<string, Operation>>;
const operations = Object.entries(paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

/** Strict: a keyword or a format that JSON Schema does not know is a fault of the document. */
function createAjv() {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, formats: { "date-time": true } });
  ajv.addVocabulary(["openapi", "info", "paths", "components"]);
  ajv.addSchema({ $id: "catalog", ...catalogDocument });
  return ajv;
}

/** The references of the document lead to itself. */
function within(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"catalog#/')) as object;
}

test("the document is served as it is, and every schema in it is valid JSON Schema 2020-12", async (t) => {
  const { anyone } = await startCatalog(t);
  const { body, headers } = await anyone.get("/openapi.json").expect(200);
  assert.deepEqual(body, JSON.parse(JSON.stringify(catalogDocument)));
  assert.match(headers["content-type"] ?? "", /^application\/json/);
  assert.equal(catalogDocument.openapi, "3.1.0");

  const ajv = createAjv();
  for (const { operation } of operations) {
    const contents = [operation.requestBody, ...Object.values(operation.responses)].flatMap((part) =>
      Object.values(part?.content ?? {}),
    );
    for (const { schema } of [...contents, ...operation.parameters]) ajv.compile(within(schema));
  }
  const { schemas } = catalogDocument.components as { schemas: Record<string, object> };
  for (const name of Object.keys(schemas)) ajv.compile({ $ref: `catalog#/components/schemas/${name}` });
});

test("every operation has a name of its own, its path parameters, and answers of known codes", () => {
  const names = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(names).size, names.length);
  for (const { path, operation } of operations) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const inPath = operation.parameters.filter((parameter) => parameter.in === "path");
    assert.deepEqual(
      inPath.map(({ name }) => name),
      named,
    );
    for (const { description } of Object.values(operation.responses)) {
      for (const [, code = ""] of description.matchAll(/`(\w+)`/g)) assert.ok(code in problems, code);
    }
  }
});

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
}

/** In a path of Express a colon that is not a parameter's is escaped. */
function openApiPath(path: string): string {
  return path.replaceAll(/(?<!\\):(\w+)/g, "{$1}").replaceAll("\\:", ":");
}

const statusRoutes = ["/healthz", "/readyz", "/metrics", "/openapi.json"];

test("every route that is served is described, and every one that is described is served", async (t) => {
  const { app } = await startCatalog(t);
  const layers = (app as unknown as { router: { stack: Layer[] } }).router.stack;
  const served = layers
    .flatMap(({ handle }) => handle.stack ?? [])
    .flatMap(({ route }) =>
      route ? Object.keys(route.methods).map((method) => `${method} ${openApiPath(route.path)}`) : [],
    )
    .filter((route) => !statusRoutes.some((path) => route === `get ${path}`));
  const described = operations.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(served.toSorted(), described.toSorted());
});

test("what needs credentials says so, and is a 401 without them", async (t) => {
  const { anyone } = await startCatalog(t);
  for (const { path, method, operation } of operations) {
    const answer = await anyone[method as "get" | "post" | "patch" | "delete"](
      path.replaceAll(/\{\w+\}/g, "x"),
    );
    assert.equal(answer.status === 401, operation.security.length > 0, `${method} ${path}`);
  }
});

// A client that is generated from the document must be able to read every answer.
test("what is answered is what the document says, for every operation and for its refusals", async (t) => {
  const catalog = await startReviews(t);
  const { as, anyone } = catalog;
  const ada = await as("ada");
  const ajv = createAjv();
  const told = new Set<string>();
  const check = (id: string, { status, body, headers }: Response) => {
    const found = operations.find(({ operation }) => operation.operationId === id);
    const response = found?.operation.responses[status];
    assert.ok(response, `${id} answers ${status}`);
    const content = Object.entries(response.content ?? {})[0];
    if (content === undefined) assert.deepEqual(body, {});
    else {
      const [type, { schema }] = content;
      assert.ok((headers["content-type"] as string).startsWith(type), id);
      const validate = ajv.compile(within(schema));
      assert.ok(validate(body), `${id} ${status}: ${ajv.errorsText(validate.errors)}`);
    }
    if (status < 300) told.add(id);
  };
  const account = { email: "bob@mosis.test", password: "the password of bob" };
  const app = { package_id: "org.mosis.go", name: "Go" };
  check("createDeveloper", await anyone.post("/v1/developers", { ...account, name: "Bob" }));
  check("createDeveloper", await anyone.post("/v1/developers", { ...account, name: "Bob" }));
  check("createSession", await anyone.post("/v1/sessions", account));
  check("createSession", await anyone.post("/v1/sessions", {}));
  check("getMe", await ada.get("/v1/developers/me"));
  check("createApp", await ada.post("/v1/apps", app));
  check("createApp", await ada.post("/v1/apps", app));
  check("listApps", await ada.get("/v1/apps"));
  check("listApps", await ada.get("/v1/apps?cursor=x"));
  check("getApp", await ada.get("/v1/apps/org.mosis.go"));
  check("getApp", await ada.get("/v1/apps/org.mosis.no"));
  await checkKeys(ada, check);
  await checkSigningKeys(ada, check);
  await checkReviews(catalog, check);
  await checkReleases(catalog, ada, check);
  await checkStore(catalog, check);
  await checkTelemetry(ada, check);
  check("deleteSession", await ada.delete("/v1/sessions"));
  check("deleteSession", await ada.delete("/v1/sessions"));
  assert.equal(told.size, operations.length);
});

async function checkStore(
  { db, anyone }: Awaited<ReturnType<typeof startReviews>>,
  check: (id: string, answer: Response) => void,
): Promise<void> {
  await putApp(db, { package_id: "org.mosis.store", name: "Go", tags: ["board"] }, [{ code: 1 }]);
  const path = "/v1/store/apps/org.mosis.store";
  check("searchApps", await anyone.get("/v1/search/apps?q=go"));
  check("searchApps", await anyone.get("/v1/search/apps?q=go&cursor=x"));
  for (const [id, url] of [
    ["getStoreApp", path],
    ["getVersionForDevice", `${path}/latest?mosis_version=1.0`],
  ] as const) {
    check(id, await anyone.get(url));
    check(id, await anyone.get(url).set("If-None-Match", "*"));
    check(id, await anyone.get(url.replace("org.mosis.store", "org.mosis.no")));
  }
  check("getVersionForDevice", await anyone.get(`${path}/latest`));
}

async function checkKeys(ada: Caller, check: (id: string, answer: Response) => void): Promise<void> {
  const newKey = { name: "k", kind: "ingest", package_ids: ["org.mosis.go"] };
  const key = await ada.post("/v1/keys", newKey);
  check("createKey", key);
  check("createKey", await ada.post("/v1/keys", { ...newKey, package_ids: ["org.mosis.no"] }));
  check("listKeys", await ada.get("/v1/keys"));
  check("listPermissions", await ada.get("/v1/permissions"));
  check("reportLeakedKeys", await ada.post("/v1/keys:report-leak", [{ token: "x" }]));
  check("reportLeakedKeys", await ada.post("/v1/keys:report-leak", []));
  const { id } = key.body as { id: string };
  check("getKey", await ada.get(`/v1/keys/${id}`));
  for (const etag of ["*", '"x"']) {
    check("rotateKey", await ada.post(`/v1/keys/${id}:rotate`, {}).set("If-Match", etag));
    check("changeKey", await ada.patch(`/v1/keys/${id}`, { disabled: true }).set("If-Match", etag));
  }
  check("deleteKey", await ada.delete(`/v1/keys/${id}`));
  check("deleteKey", await ada.delete(`/v1/keys/${id}`));
}

async function checkSigningKeys(
  ada: Caller & { id: string },
  check: (id: string, answer: Response) => void,
): Promise<void> {
  const keys = "/v1/signing-keys";
  const key = newSigningKey(ada.id);
  const created = await ada.post(keys, key.body);
  check("createSigningKey", created);
  check("createSigningKey", await ada.post(keys, key.body));
  check("listSigningKeys", await ada.get(keys));
  const { id } = created.body as { id: string };
  check("getSigningKey", await ada.get(`${keys}/${id}`));
  check("revokeSigningKey", await ada.post(`${keys}/${id}:revoke`, { reason: "lost" }).set("If-Match", "*"));
  check("revokeSigningKey", await ada.post(`${keys}/${id}:revoke`, { reason: "lost" }).set("If-Match", "*"));
}

async function checkTelemetry(ada: Caller, check: (id: string, answer: Response) => void): Promise<void> {
  const retention = "/v1/apps/org.mosis.go/retention";
  check("getRetention", await ada.get(retention));
  check("changeRetention", await ada.patch(retention, { telemetry_days: 7 }).set("If-Match", "*"));
  check("changeRetention", await ada.patch(retention, { telemetry_days: 7 }));
  const erasures = "/v1/apps/org.mosis.go/erasures";
  check("requestErasure", await ada.post(erasures, { install_id: "00000000-0000-4000-8000-000000000000" }));
  check("requestErasure", await ada.post(erasures, {}));
  const limits = "/v1/apps/org.mosis.go/telemetry-limits";
  const change = { telemetry_events_per_second: 9 };
  check("getTelemetryLimits", await ada.get(limits));
  check("changeTelemetryLimits", await ada.patch(limits, change).set("If-Match", "*"));
  check("changeTelemetryLimits", await ada.patch(limits, change));
  const restrictions = "/v1/telemetry-restrictions";
  const asked = { event_name: "noise", action: "drop", reason: "too much of it" };
  const restriction = await ada.post(restrictions, asked);
  check("createTelemetryRestriction", restriction);
  check("createTelemetryRestriction", await ada.post(restrictions, { ...asked, package_id: "org.mosis.no" }));
  check("listTelemetryRestrictions", await ada.get(restrictions));
  const { id } = restriction.body as { id: string };
  check("getTelemetryRestriction", await ada.get(`${restrictions}/${id}`));
  check("liftTelemetryRestriction", await ada.delete(`${restrictions}/${id}`));
  check("liftTelemetryRestriction", await ada.delete(`${restrictions}/${id}`));
}
