import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { type OperationObject, operationsOf } from "@mosis/devstack";
import { execute, sql } from "@mosis/postgres";
import { permissions } from "@mosis/types/keys";
import type { Response } from "supertest";
import { catalogDocument } from "../src/openapi.ts";
import type { Step, Who } from "./isolation-step.ts";
import { isolationSteps } from "./isolation-steps.ts";
import { promote } from "./promote.ts";
import { type Caller, startCatalog, withoutRequest } from "./support.ts";

const operations = new Map(
  operationsOf(catalogDocument).map((route) => [route.operation.operationId, route]),
);

// Guards "what is not yours answers exactly like what does not exist", for every route and everybody.
// INVARIANT 40
test("every route answers everybody as it should, and what is foreign like what is missing", async (t) => {
  const { callers, ids } = await everybody(t);
  const taken = new Set<string>();
  const faults: string[] = [];
  for (const step of isolationSteps(ids)) {
    const route = operations.get(step.id) ?? assert.fail(`the document has no ${step.id}`);
    const own = typeof step.params === "function" ? step.params() : step.params;
    const send = (who: Who, params = own) => request(callers[who], route, { ...step, params, who });
    const [role] = rolesOf(route.operation);
    const actor: Who = role === "reviewer" ? "reviewer" : role === "public" ? "anonymous" : "owner";
    const others = (Object.keys(callers) as Who[]).filter((who) => who !== actor);
    for (const who of step.once ? [] : others) {
      const expected = expectedStatus(who, step, route);
      if (expected === null) continue;
      const answer = await send(who);
      if (answer.status !== expected) faults.push(`${step.id} of ${who}: ${expected}, not ${answer.text}`);
      if (answer.status === 404) {
        const missing = await send(who, missingParams(own));
        assert.deepEqual(withoutRequest(answer), withoutRequest(missing), `${step.id} of ${who}`);
      }
    }
    const answer = await send(actor);
    if (answer.status !== step.status) faults.push(`${step.id}: ${step.status}, not ${answer.text}`);
    step.keep?.(answer.body as { id: string });
    taken.add(step.id);
  }
  assert.deepEqual(faults, []);
  // A new route has to say whom it answers what.
  assert.deepEqual(
    [...operations.keys()].filter((id) => !taken.has(id)),
    [],
  );
});

type Route = ReturnType<typeof operationsOf>[number];

function rolesOf({ security }: OperationObject): string[] {
  return security.length === 0 ? ["public"] : security.map(({ bearer }) => bearer?.[0] ?? "developer");
}

/** By `access` of the operation. Null: it would do what the owner is about to do. */
function expectedStatus(who: Who, step: Step, { method, path, operation }: Route): number | null {
  const roles = rolesOf(operation);
  if (roles.includes("public")) return step.status;
  if (who === "anonymous" || who === "expired" || who === "revoked") return 401;
  const isKey = who === "ingest" || who === "otherApp" || who === "ownerKey";
  if (isKey && (roles.includes("session") || roles.includes("reviewer"))) return 403;
  if (roles.includes("reviewer")) return 403;
  if (who === "ingest" && !roles.includes("telemetry:write")) return 403;
  if (who === "ownerKey") return method === "GET" ? step.status : null;
  return step.others?.[who] ?? (path.includes("{") ? 404 : step.status);
}

interface Sent extends Omit<Step, "params"> {
  who: Who;
  params: Record<string, string> | undefined;
}

function request(caller: Caller, { method, path, operation }: Route, step: Sent): Promise<Response> {
  const target =
    path.replaceAll(/\{(\w+)\}/g, (_, name: string) => step.params?.[name] ?? "") + (step.query ?? "");
  const send = method.toLowerCase() as keyof Caller;
  const test = caller[send](target, step.body?.(step.who));
  const needsMatch = (operation.parameters ?? []).some(({ name }) => name === "If-Match");
  return needsMatch ? test.set("If-Match", "*") : test;
}

function missingParams(params: Record<string, string> = {}): Record<string, string> {
  const missing = { ...params };
  if ("package_id" in params) missing["package_id"] = "org.mosis.none";
  for (const name of ["id", "delivery"]) if (name in params) missing[name] = randomUUID();
  return missing;
}

/** The owner of an app, and everybody whom it is no business of. */
async function everybody(t: TestContext) {
  const { as, anyone, withBearer, db } = await startCatalog(t);
  const [owner, other, reviewer] = await Promise.all([as("owner"), as("other"), as("reviewer")]);
  await promote(db, { role: "reviewer", email: reviewer.email });
  const { email, password } = owner;
  await anyone.post("/v1/sessions", { email, password }).expect(201);
  await owner.post("/v1/apps", { package_id: "org.mosis.another", name: "Another" }).expect(201);
  const key = async (body: object) => {
    const made = await owner.post("/v1/keys", { name: "k", kind: "management", ...body }).expect(201);
    return made.body as { id: string; secret: string };
  };
  const all = { permissions: Object.keys(permissions) };
  const ownerKey = await key(all);
  const ofAnotherApp = all.permissions.filter((permission) => permission !== "audit:read");
  const otherApp = await key({ permissions: ofAnotherApp, package_ids: ["org.mosis.another"] });
  const ingest = await key({ kind: "ingest" });
  const expired = await key(all);
  await execute(
    db,
    sql`update api_keys set expires_at = now() - interval '1 minute' where id = ${expired.id}`,
  );
  const revoked = await key(all);
  await owner.delete(`/v1/keys/${revoked.id}`).expect(204);
  const callers: Record<Who, Caller> = {
    owner,
    other,
    reviewer,
    anonymous: anyone,
    ownerKey: withBearer(ownerKey.secret),
    otherApp: withBearer(otherApp.secret),
    ingest: withBearer(ingest.secret),
    expired: withBearer(expired.secret),
    revoked: withBearer(revoked.secret),
  };
  return { callers, ids: { owner: owner.id, other: other.id, reviewer: reviewer.id } };
}
