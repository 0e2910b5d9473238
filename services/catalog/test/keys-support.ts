// What the tests of keys share.
import { createHash } from "node:crypto";
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { one, type Pool, sql } from "@mosis/postgres";
import type { KeyState, KeyWithSecret } from "@mosis/types/keys";
import Type from "typebox";
import { type Caller, startCatalog } from "./support.ts";

export async function startKeys(t: TestContext, options: Parameters<typeof startCatalog>[1] = {}) {
  const catalog = await startCatalog(t, options);
  const ada = await catalog.as("ada");
  return { ...catalog, ada };
}

export async function createKey(by: Caller, asked: object = {}): Promise<KeyWithSecret> {
  const answer = await by.post("/v1/keys", { name: "ci", kind: "management", ...asked });
  assert.equal(answer.status, 201, answer.text);
  return answer.body as KeyWithSecret;
}

export function changeKey(by: Caller, id: string, body: object, etag = "*") {
  return by.patch(`/v1/keys/${id}`, body).set("If-Match", etag);
}

export function rotateKey(by: Caller, id: string, body: object = {}, etag = "*") {
  return by.post(`/v1/keys/${id}:rotate`, body).set("If-Match", etag);
}

/** What the topic's last record of a key says, once the outbox is published. */
export async function lastState(db: Pool, id: string): Promise<KeyState | null> {
  const row = Type.Object({ payload: Type.Unsafe<KeyState | null>(Type.Unknown()) });
  const statement = sql`
    select payload from outbox where topic = 'catalog.keys' and record_key = ${id}
    order by position desc limit 1`;
  return (await one(db, row, statement)).payload;
}

export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
