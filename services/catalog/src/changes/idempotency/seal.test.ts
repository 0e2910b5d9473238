import assert from "node:assert/strict";
import { test } from "node:test";
import { seal, unseal } from "./seal.ts";

const secrets = { credentials: "Bearer ms_live_a", key: "0193" };

// INVARIANT 25
test("an answer is read with the secrets of its request, and with no others", () => {
  const sealed = seal("the secret of a key", secrets);
  assert.equal(unseal(sealed, secrets), "the secret of a key");
  assert.ok(!sealed.includes("secret"));
  assert.notDeepEqual(seal("the secret of a key", secrets), sealed);
  assert.throws(() => unseal(sealed, { ...secrets, credentials: "Bearer ms_live_b" }));
  assert.throws(() => unseal(sealed, { ...secrets, key: "0194" }));
  sealed.writeUInt8(sealed.readUInt8(sealed.length - 1) ^ 1, sealed.length - 1);
  assert.throws(() => unseal(sealed, secrets));
});
