import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Problem } from "@mosis/http";
import { execute, sql, transaction } from "@mosis/postgres";
import { signingKeyProofText } from "@mosis/types/signing-keys";
import { requireSignature } from "../src/releases/versions/signature.ts";
import { register, signWith } from "./signing.ts";
import { eventually, startCatalog } from "./support.ts";

const keys = "/v1/signing-keys";
const lost = { reason: "The laptop was lost" };

// INVARIANT 35
test("a package is signed by the active key that its version names, and by no other", async (t) => {
  const { as, apiDb } = await startCatalog(t);
  const [ada, bob] = [await as("ada"), await as("bob")];
  const { id, privateKey, fingerprint } = await register(ada);
  const digest = createHash("sha256").update("a package").digest();
  const signed = {
    package_digest: digest.toString("hex"),
    signature: signWith(privateKey, digest),
    signing_key: fingerprint,
  };
  const check = (developerId: string, changed: Partial<typeof signed> = {}) =>
    transaction(apiDb.as(developerId), (tx) => requireSignature(tx, developerId, { ...signed, ...changed }));
  const refused = (code: string) => (error: unknown) => error instanceof Problem && error.code === code;

  assert.deepEqual(await check(ada.id), { id, fingerprint });
  await assert.rejects(check(bob.id), refused("reference_unknown"), "a key of somebody else");
  const other = await register(ada);
  await assert.rejects(check(ada.id, { signing_key: other.fingerprint }), refused("signature_invalid"));
  await assert.rejects(check(ada.id, { package_digest: "00".repeat(32) }), refused("signature_invalid"));
  for (const signature of ["AAAA", "A".repeat(512), `${signed.signature}AAAA`]) {
    await assert.rejects(check(ada.id, { signature }), refused("signature_invalid"));
  }
  await ada.post(`${keys}/${id}:revoke`, lost).set("If-Match", "*").expect(200);
  await assert.rejects(check(ada.id), refused("state_conflict"), "once it is revoked");
});

// Of two, one comes first: a version is never accepted with a key whose revoke was answered.
// INVARIANT 35
test("a key is not revoked under a signature that is being checked with it", async (t) => {
  const { as, apiDb, db } = await startCatalog(t);
  const ada = await as("ada");
  const { id, privateKey, fingerprint } = await register(ada);
  const digest = createHash("sha256").update("a package").digest();
  const signature = signWith(privateKey, digest);
  const signed = { package_digest: digest.toString("hex"), signature, signing_key: fingerprint };
  const done: string[] = [];
  const revoke = await transaction(apiDb.as(ada.id), async (tx) => {
    await requireSignature(tx, ada.id, signed);
    const revoke = ada.post(`${keys}/${id}:revoke`, lost).set("If-Match", "*").expect(200);
    const revoked = revoke.then(() => done.push("revoked"));
    await eventually(async () => {
      const waiting = sql`select 1 from pg_stat_activity where wait_event_type = 'Lock'
                          and datname = current_database()`;
      assert.equal(await execute(db, waiting), 1);
    });
    done.push("checked");
    return { revoked };
  });
  await revoke.revoked;
  assert.deepEqual(done, ["checked", "revoked"]);
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
      package_digest: openssl.read("digest.bin").toString("hex"),
      signature: openssl.sign("digest.bin"),
      signing_key: fingerprint,
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
