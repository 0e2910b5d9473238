import assert from "node:assert/strict";
import { test } from "node:test";
import { readPasskeySettings } from "./settings.ts";

test("passkeys belong to a domain that every origin is of, and to none without an origin", () => {
  const portal = "https://portal.mosis.test";
  assert.equal(readPasskeySettings([], null), null);
  assert.deepEqual(readPasskeySettings([portal], null), { rpId: "portal.mosis.test", origins: [portal] });
  const both = [portal, "https://mosis.test:8443"];
  assert.deepEqual(readPasskeySettings(both, "mosis.test"), { rpId: "mosis.test", origins: both });
  assert.throws(() => readPasskeySettings([], "mosis.test"), /PASSKEY_ORIGINS/);
  assert.throws(() => readPasskeySettings(["*"], null), /without \*/);
  assert.throws(() => readPasskeySettings([portal, "https://other.test"], null), /other\.test/);
  assert.throws(() => readPasskeySettings(["https://notmosis.test"], "mosis.test"), /notmosis/);
});
