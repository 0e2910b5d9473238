import assert from "node:assert/strict";
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type SigningKey, signingKeyProofText } from "@mosis/types/signing-keys";
import type { Caller } from "./support.ts";

/** Signs as a developer would: Ed25519 the message itself, the others its SHA-256. */
export function signWith(privateKey: KeyObject, message: string | Buffer): string {
  const hash = privateKey.asymmetricKeyType === "ed25519" ? null : "sha256";
  return sign(hash, Buffer.from(message), privateKey).toString("base64");
}

/** SHA-256 of the SubjectPublicKeyInfo of a key's public half, hex. */
export function fingerprintOf(privateKey: KeyObject): string {
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("hex");
}

/** A body of `POST /v1/signing-keys` that registers a key, and the key. A new Ed25519 one by default. */
export function newSigningKey(
  developerId: string,
  privateKey: KeyObject = generateKeyPairSync("ed25519").privateKey,
) {
  const text = signingKeyProofText(developerId, fingerprintOf(privateKey));
  const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "pem" });
  return { privateKey, body: { name: "release", public_key: publicKey, proof: signWith(privateKey, text) } };
}

/** Registers a signing key of a developer who has signed in, by default a new one. */
export async function register(ada: Caller & { id: string }, key = newSigningKey(ada.id)) {
  const answer = await ada.post("/v1/signing-keys", key.body);
  assert.equal(answer.status, 201, answer.text);
  return { ...key, ...(answer.body as SigningKey) };
}

/** Body of a new version, signed with the key as its package would be. */
export function newVersion(
  code: number,
  key: { privateKey: KeyObject; fingerprint: string },
  more: object = {},
) {
  const digest = createHash("sha256").update(`package ${code}`).digest();
  return {
    version_code: code,
    version_name: `1.${code}`,
    package_url: `https://packages.example/${code}.mosis`,
    package_size: 1000 + code,
    package_digest: digest.toString("hex"),
    signature: signWith(key.privateKey, digest),
    signing_key: key.fingerprint,
    ...more,
  };
}
