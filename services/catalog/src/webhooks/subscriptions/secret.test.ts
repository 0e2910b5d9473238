import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { createSecretBox } from "../../shared/secret-box.ts";
import { createWebhookSecretBox, newWebhookSecret } from "./secret.ts";

// INVARIANT 54
test("a sealed secret opens with its key, current or of before, for its webhook alone", () => {
  const [old, current] = [randomBytes(32), randomBytes(32)];
  const secret = newWebhookSecret();
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  const sealed = createWebhookSecretBox([old]).seal(secret, "a");
  assert.ok(!sealed.includes(Buffer.from(secret.slice(6), "base64")) && !sealed.includes(secret));
  const box = createWebhookSecretBox([current, old]);
  assert.equal(box.open(sealed, "a"), secret);
  assert.equal(box.open(box.seal(secret, "b"), "b"), secret);
  assert.throws(() => box.open(sealed, "b"));
  assert.throws(() => createWebhookSecretBox([current]).open(sealed, "a"), /WEBHOOK_SECRET_KEYS/);
  // A key of one purpose opens nothing of another purpose, also when an operator has set the same key for
  // both.
  const another = createSecretBox([current, old], { purpose: "another", variable: "ANOTHER" });
  assert.throws(() => another.open(sealed, "a"), /ANOTHER/);
  sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
  assert.throws(() => box.open(sealed, "a"));
});
