import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Problem } from "@mosis/http";
import { transaction } from "@mosis/postgres";
import { signingKeyProofText } from "@mosis/types/signing-keys";
import { requireSignature } from "../src/versions/signature.ts";
import { register, signWith } from "./signing.ts";
import { startCatalog } from "./support.ts";

const keys = "/v1/signing-keys";
const lost = { reason: "The laptop was lost" };

test("a package is signed by an active key of its developer, and by no other", async (t) => {
  const { as, apiDb } = await startCatalog(t);
  const [ada, bob] = [await as("ada"), await as("bob")];
  const { id, privateKey, fingerprint } = await register(ada);
  const digest = createHash("sha256").update("a package").digest();
  const signed = { sha256: digest.toString("hex"), signature: signWith(privateKey, digest) };
  const check = (developerId: string, what = signed) =>
    transaction(apiDb.as(developerId), (tx) => requireSignature(tx, developerId, what));
  const isRefused = (error: unknown) => error instanceof Problem && error.code === "signature_invalid";

  await assert.rejects(check(bob.id), isRefused, "without a key");
  await register(bob);
  await assert.rejects(check(bob.id), isRefused, "with another key");
  await register(ada);
  assert.deepEqual(await check(ada.id), { id, fingerprint });
  assert.deepEqual(await check(ada.id, { ...signed, sha256: signed.sha256.toUpperCase() }), {
    id,
    fingerprint,
  });
  await assert.rejects(check(ada.id, { ...signed, sha256: "00".repeat(32) }), isRefused);
  await assert.rejects(check(ada.id, { ...signed, signature: "A".repeat(512) }), isRefused);
  await ada.post(`${keys}/${id}:revoke`, lost).set("If-Match", "*").expect(200);
  await assert.rejects(check(ada.id), isRefused, "once it is revoked");
});

// The commands of docs/api.md, as a stranger runs them.
test("keys and signatures that openssl makes are taken", async (t) => {
  const openssl = opensslIn(t);
  if (!openssl) return t.skip("no openssl here");
  const { as, apiDb } = await startCatalog(t);
  const ada = await as("ada");
  openssl.write("app.pkg", "the bytes of a package");
  openssl.run("dgst", "-sha256", "-binary", "-out", "digest.bin", "app.pkg");
  const kinds: [string, ...string[]][] = [
    ["ED25519"],
    ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ["RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
  ];
  const registered: string[] = [];
  const found: string[] = [];
  for (const kind of kinds) {
    openssl.run("genpkey", "-algorithm", ...kind, "-out", "key.pem");
    openssl.run("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem");
    openssl.run("pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "public.der");
    const fingerprint = createHash("sha256").update(openssl.read("public.der")).digest("hex");
    openssl.write("proof.txt", signingKeyProofText(ada.id, fingerprint));
    const body = { name: kind[0], public_key: openssl.read("public.pem").toString() };
    await ada.post(keys, { ...body, proof: openssl.sign("proof.txt") }).expect(201);

    const signed = {
      sha256: openssl.read("digest.bin").toString("hex"),
      signature: openssl.sign("digest.bin"),
    };
    const key = await transaction(apiDb.as(ada.id), (tx) => requireSignature(tx, ada.id, signed));
    registered.push(fingerprint);
    found.push(key.fingerprint);
  }
  assert.deepEqual(found, registered);
});

interface OpenSsl {
  run: (...args: string[]) => Buffer;
  read: (file: string) => Buffer;
  write: (file: string, text: string) => void;
  /** The signature of `key.pem` over a file, base64. */
  sign: (file: string) => string;
}

/** `openssl` in a folder of this test; null where there is none that signs with `-rawin`. */
function opensslIn(t: TestContext): OpenSsl | null {
  const folder = mkdtempSync(join(tmpdir(), "mosis-openssl-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const run = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  try {
    if (!run("version").toString().startsWith("OpenSSL 3")) return null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  return {
    run,
    read: (file: string) => readFileSync(join(folder, file)),
    write: (file: string, text: string) => writeFileSync(join(folder, file), text),
    sign: (file: string) =>
      run("pkeyutl", "-sign", "-rawin", "-inkey", "key.pem", "-in", file).toString("base64"),
  };
}
