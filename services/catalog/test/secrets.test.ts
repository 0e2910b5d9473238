import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { operationsOf } from "@mosis/devstack";
import { execute, sql } from "@mosis/postgres";
import { createLogger } from "@mosis/runtime";
import { catalogDocument } from "../src/openapi.ts";
import { isolationSteps } from "./isolation-steps.ts";
import { promote } from "./promote.ts";
import { type Caller, everythingStored, startCatalog } from "./support.ts";

const operations = new Map(
  operationsOf(catalogDocument).map((route) => [route.operation.operationId, route]),
);
/** Fields of bodies, of requests and answers, that nobody else may ever see. */
const secretFields = new Set([
  "secret",
  "token",
  "flow_token",
  "password",
  "new_password",
  "sign_in_token",
  "otpauth_uri",
  "challenge",
]);

// INVARIANT 43
test("no secret of a whole life of an app is in a log line or a table, whatever goes wrong", async (t) => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ service: "test", level: "trace", destination });
  const { as, anyone, db } = await startCatalog(t, { log });
  const [owner, other, reviewer] = await Promise.all([as("owner"), as("other"), as("reviewer")]);
  await promote(db, { role: "reviewer", email: reviewer.email });
  const secrets = new Set([owner, other, reviewer].flatMap(({ token, password }) => [token, password]));

  const steps = isolationSteps({ owner: owner.id, other: other.id, reviewer: reviewer.id });
  const live = async () => {
    for (const step of steps) {
      const { method, path, operation } = operations.get(step.id) ?? assert.fail(step.id);
      const params = typeof step.params === "function" ? step.params() : (step.params ?? {});
      const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? "");
      const [role] = operation.security.flatMap(({ bearer = [] }) => bearer);
      const caller: Caller =
        operation.security.length === 0 ? anyone : role === "reviewer" ? reviewer : owner;
      const body = step.body?.("owner");
      const key = `key-${randomUUID()}`;
      const send = method.toLowerCase() as keyof Caller;
      const answer = await caller[send](target + (step.query ?? ""), body)
        .set("If-Match", "*")
        .set("Idempotency-Key", key);
      if (answer.status < 300) step.keep?.(answer.body as { id: string });
      for (const secret of [key, ...secretsIn(body), ...secretsIn(answer.body)]) secrets.add(secret);
    }
  };
  await live();
  const stored = await everythingStored(db);
  // Every statement fails from here on, and is logged.
  await execute(db, sql`alter schema public rename to elsewhere`);
  await live();

  assert.ok(secrets.size > 100, `${secrets.size} secrets`);
  assert.ok(
    lines.some((line) => line.includes("A request failed")),
    "there are lines to look into",
  );
  const told = lines.join("\n");
  // What is made up here is no secret, and may be a word of something else.
  for (const secret of [...secrets].filter(({ length }) => length > 10)) {
    assert.ok(!told.includes(secret), `a log line has ${secret}`);
    assert.ok(!stored.includes(secret), `a table has ${secret}`);
  }
});

function secretsIn(body: unknown): string[] {
  if (typeof body !== "object" || body === null) return [];
  return Object.entries(body).flatMap(([name, value]) =>
    typeof value === "string" && secretFields.has(name) ? [value] : secretsIn(value),
  );
}
