import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { keyKindOf } from "@mosis/types/key-format";
import { newSecret } from "./secret.ts";

test("a new secret has the form that is checked everywhere, and its prefix tells kind and id", () => {
  for (const kind of ["ingest", "management"] as const) {
    const { secret, prefix } = newSecret(kind);
    assert.equal(keyKindOf(secret, crc32), kind);
    assert.equal(prefix, secret.slice(0, 3) + secret.slice(8, 15));
    assert.notEqual(newSecret(kind).secret, secret);
  }
});

test("a typo anywhere in a secret is found without a look-up", () => {
  const { secret } = newSecret("management");
  for (let i = 0; i < secret.length; i++) {
    const typo = secret.slice(0, i) + (secret[i] === "a" ? "b" : "a") + secret.slice(i + 1);
    assert.equal(keyKindOf(typo, crc32), null, `character ${i}`);
  }
});
