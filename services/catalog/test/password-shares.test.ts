import assert from "node:assert/strict";
import { test } from "node:test";
import { createPasswords } from "../src/sign-in/passwords/hashing.ts";
import { assertProblem, startCatalog } from "./support.ts";

/** Waiting is counted in turns here, however slow the machine is. */
const limits = { runningMax: 1, waitingMax: 200, waitMsMax: 200_000 };

// INVARIANT 65
test("sixty addresses that fill the queue keep somebody else waiting for one turn of each", async () => {
  const passwords = await createPasswords(limits);
  const order: string[] = [];
  const rehash = async (address: string, account: string) => {
    await passwords.rehash("a guess", null, { address, account });
    order.push(address);
  };
  const flood = Array.from({ length: 60 * 4 }, (_, i) =>
    rehash(`198.51.100.${i % 60}`, `${i}@mosis.test`).catch(() => order.push("refused")),
  );
  const honest = rehash("192.0.2.1", "ada@mosis.test");
  await honest;
  const served = order.filter((it) => it !== "refused").length;
  assert.ok(served <= 62, `${served} were served before`);
  await Promise.all(flood);
});

// INVARIANT 65
test("one account that is tried from sixty networks has the share of one account", async () => {
  const passwords = await createPasswords(limits);
  const order: string[] = [];
  const rehash = async (address: string, account: string) => {
    await passwords.rehash("a guess", null, { address, account });
    order.push(account);
  };
  const results = await Promise.allSettled([
    ...Array.from({ length: 60 }, (_, i) =>
      rehash(`198.51.100.${i}`, i % 2 ? "VICTIM@mosis.test" : "victim@mosis.test"),
    ),
    rehash("192.0.2.1", "ada@mosis.test"),
  ]);
  assert.equal(results.at(-1)?.status, "fulfilled");
  assert.ok(order.indexOf("ada@mosis.test") <= 3, String(order));
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 13);
});

test("a network that sends more than its share is a 429 with Retry-After, and others sign in", async (t) => {
  const { anyone, as } = await startCatalog(t, {
    passwordHashes: { runningMax: 1, waitingMax: 200 },
    trustedProxies: ["127.0.0.0/8"],
  });
  const { email, password } = await as("ada");
  const flood = Array.from({ length: 80 }, (_, i) =>
    anyone
      .post("/v1/sessions", { email: `nobody${i}@mosis.test`, password: "a guess" })
      .set("X-Forwarded-For", "198.51.100.1"),
  );
  const answers = Promise.all(flood);
  await anyone.post("/v1/sessions", { email, password }).set("X-Forwarded-For", "192.0.2.1").expect(201);
  const refused = (await answers).filter(({ status }) => status !== 401);
  assert.ok(refused.length > 0);
  for (const answer of refused) {
    assertProblem(answer, "rate_limited");
    assert.match(answer.headers["retry-after"] ?? "", /^[1-9]\d*$/);
  }
});
