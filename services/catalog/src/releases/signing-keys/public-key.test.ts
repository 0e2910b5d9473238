import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Problem } from "@mosis/http";
import { readPublicKey } from "./public-key.ts";

const pemOf = (key: KeyObject) => key.export({ type: "spki", format: "pem" });
const derOf = (key: KeyObject) => key.export({ type: "spki", format: "der" });
const newRsa = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync("rsa", { modulusLength, publicExponent });

/** Returns the code of the problem that refuses a text. */
function refusalOf(text: string): string | undefined {
  let told: unknown;
  assert.throws(
    () => readPublicKey(text),
    (error) => ((told = error), error instanceof Problem && error.code === "invalid_request"),
  );
  const [fault] = (told as Problem).errors ?? [];
  assert.ok(fault?.pointer === "/public_key" && fault.message !== "" && fault.fix, "it says what to do");
  return fault.code;
}

test("a key is read from PEM and from base64, and its fingerprint is of its DER", () => {
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  for (const { publicKey } of [generateKeyPairSync("ed25519"), ec, newRsa(2048), newRsa(3072)]) {
    const fingerprint = createHash("sha256").update(derOf(publicKey)).digest("hex");
    const expected = { pem: pemOf(publicKey), fingerprint };
    const base64 = derOf(publicKey).toString("base64");
    assert.deepEqual(readPublicKey(pemOf(publicKey)), expected);
    assert.deepEqual(readPublicKey(` ${pemOf(publicKey).replaceAll("\n", "\r\n")}\r\n`), expected);
    assert.deepEqual(readPublicKey(base64), expected);
    assert.deepEqual(readPublicKey(base64.replaceAll(/.{64}/g, "$&\n")), expected);
  }
});

test("a key has one fingerprint, however it is encoded", () => {
  // The same point in both forms, compressed and uncompressed.
  const compressed = "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACqTsRinRLK5EgwVThkW8uihsvgoFGJ8dsb1ULWFWuf98=";
  const { pem, fingerprint } = readPublicKey(compressed);
  assert.equal(readPublicKey(pem).fingerprint, fingerprint);
  const behind = Buffer.concat([Buffer.from(compressed, "base64"), Buffer.from("and more")]);
  assert.equal(readPublicKey(behind.toString("base64")).fingerprint, fingerprint);
});

test("what is no key of a kind that is taken is refused with its reason", () => {
  const other = (type: "ed448" | "x25519" | "x448") => generateKeyPairSync(type as "ed448").publicKey;
  const onOther = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).publicKey;
  const pss = generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).publicKey;
  const dsa = generateKeyPairSync("dsa", { modulusLength: 2048 }).publicKey;
  const others = [other("ed448"), other("x25519"), other("x448"), pss, dsa];
  for (const key of [...others, onOther("P-384"), onOther("P-521"), onOther("secp256k1")]) {
    assert.equal(refusalOf(pemOf(key)), "algorithm_unsupported");
  }
  assert.equal(refusalOf(pemOf(newRsa(1024).publicKey)), "key_too_weak");
  assert.equal(refusalOf(pemOf(newRsa(2040).publicKey)), "key_too_weak");
  assert.equal(refusalOf(pemOf(newRsa(4096).publicKey)), "key_too_large");
  assert.equal(refusalOf(pemOf(newRsa(2048, 3).publicKey)), "exponent_unsupported");
});

test("a private key is refused in any form, and never made a public one", () => {
  for (const { privateKey } of [newRsa(2048), generateKeyPairSync("ed25519")]) {
    const pem = privateKey.export({ type: "pkcs8", format: "pem" });
    assert.equal(refusalOf(pem), "private_key_sent");
    const der = privateKey.export({ type: "pkcs8", format: "der" });
    assert.equal(refusalOf(der.toString("base64")), "public_key_unreadable");
  }
  const old = newRsa(2048).privateKey.export({ type: "pkcs1", format: "pem" });
  assert.equal(refusalOf(old), "private_key_sent");
});

test("rubbish is refused", () => {
  const pem = pemOf(generateKeyPairSync("ed25519").publicKey);
  const der = derOf(newRsa(2048).publicKey);
  const texts = ["", " ", "key", "====", "AAAA", "MCowBQYDK2VwAyEA", "\0", "ключ", "[]", pem.slice(0, 70)];
  for (const text of [...texts, pem + pem, pem.replaceAll("PUBLIC KEY", "CERTIFICATE"), `x${pem}`]) {
    assert.equal(refusalOf(text), "public_key_unreadable", JSON.stringify(text));
  }
  for (let end = 1; end < der.length; end += 7) {
    assert.equal(refusalOf(der.subarray(0, end).toString("base64")), "public_key_unreadable");
  }
  const old = newRsa(2048).publicKey.export({ type: "pkcs1", format: "pem" });
  assert.equal(refusalOf(old), "public_key_unreadable");
});

/** Returns the code of the refusal, or null when reading does not end by the deadline and is stopped. */
async function refusalWithin(text: string, deadlineMs: number): Promise<string | null> {
  const source = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(workerData.module)
      .then(({ readPublicKey }) => readPublicKey(workerData.text))
      .catch(({ errors, message }) => parentPort.postMessage(errors?.[0]?.code ?? message));`;
  const module = new URL("public-key.ts", import.meta.url).href;
  const worker = new Worker(source, { eval: true, workerData: { module, text } });
  const answer = new Promise<string>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  const deadline = new Promise<null>((resolve) => setTimeout(resolve, deadlineMs, null).unref());
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    await worker.terminate();
  }
}

// When a body is full of white space, a regular expression that tries every split of it takes hours.
test("a text of white space between head and foot is refused, however long it is", async () => {
  const [head, foot] = ["-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"];
  const space = " ".repeat(60_000);
  for (const text of [
    `${head}${space}`,
    `${head}${space}x${foot}`,
    `${space}${head}\n${space}=\n${foot}${space}!`,
  ]) {
    assert.equal(await refusalWithin(text, 20_000), "public_key_unreadable");
  }
});
