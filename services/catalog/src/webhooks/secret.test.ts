import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { createSecretBox, newWebhookSecret } from "./secret.ts";

test("a sealed secret opens with its key, current or of before, for its webhook alone", () => {
  const [old, current] = [randomBytes(32), randomBytes(32)];
  const secret = newWebhookSecret();
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  const sealed = createSecretBox([old]).seal(secret, "a");
  assert.ok(!sealed.includes(Buffer.from(secret.slice(6), "base64")) && !sealed.includes(secret));
  const box = createSecretBox([current, old]);
  assert.equal(box.open(sealed, "a"), secret);
  assert.equal(box.open(box.seal(secret, "b"), "b"), secret);
  assert.throws(() => box.open(sealed, "b"));
  assert.throws(() => createSecretBox([current]).open(sealed, "a"), /WEBHOOK_SECRET_KEYS/);
  sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
  assert.throws(() => box.open(sealed, "a"));
});
