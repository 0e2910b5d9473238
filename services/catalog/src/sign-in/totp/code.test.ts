import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "otpauth";
import { newTotpSecret, otpauthUri, stepOfCode } from "./code.ts";

// RFC 6238 appendix B, SHA-1: the last six of its eight digits.
const ofRfc = Secret.fromLatin1("12345678901234567890").base32;
const vectors = [
  [59, "287082"],
  [1_111_111_109, "081804"],
  [1_111_111_111, "050471"],
  [1_234_567_890, "005924"],
  [2_000_000_000, "279037"],
  [20_000_000_000, "353130"],
] as const;

test("codes are those of RFC 6238, taken one step early and late, and not two", () => {
  for (const [seconds, code] of vectors) {
    const step = Math.floor(seconds / 30);
    for (const off of [-1, 0, 1]) {
      assert.equal(stepOfCode(ofRfc, code, (seconds + 30 * off) * 1000), step, `${code} ${off}`);
    }
    for (const off of [-2, 2]) assert.equal(stepOfCode(ofRfc, code, (seconds + 30 * off) * 1000), null);
  }
  assert.equal(stepOfCode(ofRfc, "287083", 59_000), null);
});

test("a secret has 160 bits, and its URI says what authenticator apps read", () => {
  const secret = newTotpSecret();
  assert.match(secret, /^[A-Z2-7]{32}$/);
  assert.notEqual(newTotpSecret(), secret);
  const uri = new URL(otpauthUri(secret, "ada@example.org"));
  assert.equal(
    `${uri.protocol}//${uri.host}${decodeURIComponent(uri.pathname)}`,
    "otpauth://totp/Mosis:ada@example.org",
  );
  assert.deepEqual(Object.fromEntries(uri.searchParams), {
    issuer: "Mosis",
    secret,
    algorithm: "SHA1",
    digits: "6",
    period: "30",
  });
});
