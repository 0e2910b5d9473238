import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { Agent, request } from "node:http";
import { test, type TestContext } from "node:test";
import { execute, one, sql } from "@mosis/postgres";
import { Uuid } from "@mosis/types/formats";
import { permissions } from "@mosis/types/keys";
import Type from "typebox";
import { promote } from "./promote.ts";

import { hashSecret } from "../src/shared/secret-hash.ts";
import { newSessionToken } from "../src/access/session-token.ts";
import { createRequests, type GeneratedRequest } from "./generated-requests.ts";
import { startReviews, submitVersion } from "./reviewing.ts";

/** Of which `npm run fuzz` sends ten times as many. */
const requestsMax = Number(process.env["FUZZ_REQUESTS"] ?? 20_000);
const senders = 8;

// Guards "a mistake of the client is never a 500" (INVARIANTS.md). That every answer is what the document
// says is checked by startCatalog.
// INVARIANT 38
test("no request, however it is made up, is answered 5xx", async (t) => {
  const seed = Number(process.env["FUZZ_SEED"] ?? randomInt(1e9));
  const { url, secrets, known, renew } = await populated(t);
  const next = createRequests(seed, secrets, known);
  const agent = new Agent({ keepAlive: true, maxSockets: senders });
  t.after(() => agent.destroy());
  const counts = new Map<number, number>();
  const startedAt = performance.now();
  let left = requestsMax;
  const sender = async () => {
    while (left-- > 0) {
      if (left % 200 === 0) await renew();
      const generated = next();
      const { status, text } = await send(url, agent, generated);
      counts.set(status, (counts.get(status) ?? 0) + 1);
      const told = () => JSON.stringify({ ...generated, body: generated.body?.subarray(0, 500).toString() });
      assert.ok(status < 500, status < 500 ? "" : `${text}\nseed ${seed}: ${told()}`);
    }
  };
  await Promise.all(Array.from({ length: senders }, sender));
  const seconds = (performance.now() - startedAt) / 1000;
  const byStatus = JSON.stringify(Object.fromEntries([...counts].toSorted(([a], [b]) => a - b)));
  t.diagnostic(`${requestsMax} requests in ${seconds.toFixed(1)} s, by status ${byStatus}`);
  const good = [...counts].filter(([status]) => status < 300).reduce((sum, [, count]) => sum + count, 0);
  assert.ok(good > requestsMax / 20, `${good} were good enough to do something`);
});

function send(url: string, agent: Agent, { method, path, headers, body }: GeneratedRequest) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const length = body ? { "content-length": body.length } : {};
    const sent = request({ hostname, port, method, path, agent, headers: { ...headers, ...length } });
    sent.once("error", reject);
    sent.once("response", (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.once("end", () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
      answer.once("error", reject);
    });
    sent.end(body ?? undefined);
  });
}

/** A store with something of everything in it, and everybody's credentials. */
async function populated(t: TestContext) {
  const { as, db, developer, submit, url } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.fuzzed");
  const people = [ada, await as("bob"), await as("rev"), await as("adm")];
  await promote(db, { role: "reviewer", email: "rev@mosis.test" });
  await promote(db, { role: "admin", email: "adm@mosis.test" });
  await submit(ada, 1);
  await submitVersion(ada, 2);
  const idOf = async (path: string, body: object) => {
    const made = await ada.post(path, body);
    assert.equal(made.status, 201, made.text);
    return made.body as { id: string; secret: string };
  };
  const all = Object.keys(permissions);
  const key = await idOf("/v1/keys", { name: "k", kind: "management", permissions: all });
  const another = await idOf("/v1/keys", { name: "k", kind: "ingest" });
  const noise = { event_name: "noise", action: "drop", reason: "too much" };
  const restriction = await idOf("/v1/telemetry-restrictions", noise);
  const webhook = await idOf("/v1/webhooks", { url: "https://example.org/", event_types: ["*"] });
  const review = await one(db, Type.Object({ id: Uuid }), sql`select id from reviews limit 1`);
  const known = {
    package_id: ["org.mosis.fuzzed"],
    version_code: ["1", "2"],
    "keys.id": [another.id],
    "signing-keys.id": [ada.signingKey.id],
    "telemetry-restrictions.id": [restriction.id],
    "webhooks.id": [webhook.id],
    "reviews.id": [review.id],
  };
  const emails = people.map(({ email }) => email);
  const tokens = people.map(() => newSessionToken());
  /** Whoever signs out in the middle of it is back. */
  const renew = () =>
    execute(
      db,
      sql`
        insert into sessions (id, developer_id, token_hash, second_factor, expires_at)
        select gen_random_uuid(), id, hash, 'totp', now() + interval '1 hour'
        from unnest(${emails}::text[], ${tokens.map(hashSecret)}::text[]) as t (email, hash)
        join developers using (email)
        on conflict do nothing`,
    );
  await renew();
  return {
    url,
    secrets: [...tokens, ...tokens.slice(0, 1), key.secret, key.secret, "made-up", null],
    known,
    renew,
  };
}
