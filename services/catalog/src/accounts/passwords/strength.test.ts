import assert from "node:assert/strict";
import { test } from "node:test";
import { faultOf } from "./strength.ts";

const owner = { email: "ada.lovelace@engines.example", name: "Ada Lovelace" };

// INVARIANT 66
test("passwords of breaches, patterns and what the owner says of themselves are refused", () => {
  const common = ["1234567890", "0987654321", "qwertyuiop", "password123", "1q2w3e4r5t", "qwerty123456"];
  for (const password of common) assert.equal(faultOf(password, owner), "password_common", password);
  const easy = [
    // These are breached passwords with small additions.
    "Password1!",
    "P@ssw0rd1234",
    "iloveyou12",
    "Summer2026!",
    "welcome12345",
    "trustno1trustno1",
    "monkeydragon",
    // These are repetitions, sequences, keys beside each other, and dates.
    "aaaaaaaaaa",
    "abcabcabcabc",
    "abcdefghijklm",
    "zxcvbnm,./",
    "2026-11-30",
    "30112026",
    "1".repeat(200),
    // These contain the owner, or the name of this platform.
    "ada.lovelace@engines.example",
    "ADA.LOVELACE@ENGINES.EXAMPLE",
    "ada.lovelace",
    "lovelace1815",
    "Ada Lovelace",
    "adalovelace",
    "engines.example",
    "mosismosis",
    "mosis12345",
  ];
  for (const password of easy) assert.notEqual(faultOf(password, owner), null, password);
});

test("passwords that take long to guess are taken, whatever characters they are made of", () => {
  const good = [
    "correct horse battery",
    "another password",
    "the password of ada",
    "now I have one",
    "x8#kQ2!vLp",
    "летний дождь и старый трамвай",
    "\u{1F409} guards \u{1F3F0} at \u{1F319}",
    `${"9f3k-".repeat(2)}tram window salt`,
  ];
  for (const password of good) assert.equal(faultOf(password, owner), null, password);
});

// Guards "nothing is unbounded": beyond 32 characters a password costs no more.
test("what stands behind the first 32 characters is not looked at", () => {
  const weak = "1234567890".repeat(4);
  assert.ok(faultOf(weak + "x8#kQ2!vLp tram window salt", owner));
});
