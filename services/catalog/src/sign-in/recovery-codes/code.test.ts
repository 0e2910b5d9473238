import assert from "node:assert/strict";
import { test } from "node:test";
import { newRecoveryCodes, recoveryCodeHash } from "./code.ts";

test("recovery codes differ, and are read however they are typed", () => {
  const codes = newRecoveryCodes();
  assert.equal(codes.length, 10);
  assert.equal(new Set(codes).size, 10);
  for (const code of codes) {
    assert.match(code, /^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}$/);
    const hash = recoveryCodeHash("ada", code);
    assert.equal(recoveryCodeHash("ada", ` ${code.toUpperCase().replaceAll("-", " ")}`), hash);
    assert.notEqual(recoveryCodeHash("bob", code), hash);
  }
});
