import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { Problem } from "./problem.ts";
import { RateLimit } from "./rate-limit.ts";

const policy = { name: "reads", per: "key", requestsPerMinute: 6 };

/** The part of an answer that a limit writes to. */
function answer() {
  const headers: Record<string, string> = {};
  const res = { setHeader: (name: string, value: string) => (headers[name] = value) };
  return { res: res as unknown as ServerResponse, headers };
}

function taken(limit: RateLimit, client: string): Record<string, string> {
  const { res, headers } = answer();
  limit.take(res, client);
  return headers;
}

function refusal(limit: RateLimit, client: string) {
  const { res, headers } = answer();
  try {
    limit.take(res, client);
  } catch (error) {
    assert.ok(error instanceof Problem);
    return { ...headers, ...error.headers, code: error.code, detail: error.detail };
  }
  return assert.fail("it was taken");
}

test("a client is told what is left, and refused with the policy and a time when nothing is", () => {
  let nowMs = 0;
  const limit = new RateLimit(policy, { now: () => nowMs });
  assert.deepEqual(taken(limit, "ada"), {
    "RateLimit-Policy": '"reads";q=6;w=60',
    RateLimit: '"reads";r=5;t=10',
  });
  for (let i = 0; i < 5; i++) taken(limit, "ada");
  nowMs = 2500;
  assert.deepEqual(refusal(limit, "ada"), {
    "RateLimit-Policy": '"reads";q=6;w=60',
    RateLimit: '"reads";r=0;t=58',
    "Retry-After": "8",
    code: "rate_limited",
    detail: "The policy reads allows 6 a minute per key. Send it again in 8 s.",
  });
  assert.equal(taken(limit, "bob")["RateLimit"], '"reads";r=5;t=10', "each client has its own");
  nowMs = 10_500;
  assert.equal(taken(limit, "ada")["RateLimit"], '"reads";r=0;t=60', "what was refused was not counted");
});

test("clients that have gone are forgotten, and no more are remembered than is allowed", () => {
  let nowMs = 0;
  const limit = new RateLimit(policy, { now: () => nowMs, clientsMax: 100 });
  for (let i = 0; i < 1000; i++) taken(limit, `client ${i}`);
  assert.equal(limit.clients(), 100);
  assert.equal(taken(limit, "client 999")["RateLimit"], '"reads";r=4;t=20', "the last ones are kept");

  nowMs = 60_000;
  for (let i = 0; i < 60; i++) taken(limit, `new ${i}`);
  assert.ok(limit.clients() <= 61, "two who are quiet go for one who comes");
});
