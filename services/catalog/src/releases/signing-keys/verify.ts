import { constants, createPublicKey, type KeyObject, verify } from "node:crypto";

/** Bytes of an ECDSA signature on P-256 as IEEE P1363 has it: r and s, side by side. */
const p1363Bytes = 64;

/**
 * Whether a signature over a message is of a key: Ed25519 over the message, ECDSA and RSA over its SHA-256.
 * ECDSA in DER, as OpenSSL makes it, or as IEEE P1363, as WebCrypto does; RSA with PKCS #1 v1.5 or PSS.
 * @param publicKey PEM of a key that `readPublicKey` has taken.
 * @param signature base64; anything that is no such text is no signature.
 */
export function isSignedBy(publicKey: string, message: Buffer, signature: string): boolean {
  const bytes = Buffer.from(signature, "base64");
  // Node reads base64 generously: one signature would have many texts.
  if (bytes.toString("base64") !== signature) return false;
  const key = createPublicKey(publicKey);
  if (key.asymmetricKeyType === "ed25519") return verify(null, message, key, bytes);
  if (key.asymmetricKeyType === "ec") return isEcdsa(key, message, bytes);
  return isRsa(key, message, bytes);
}

function isEcdsa(key: KeyObject, message: Buffer, bytes: Buffer): boolean {
  if (verify("sha256", message, { key, dsaEncoding: "der" }, bytes)) return true;
  return bytes.length === p1363Bytes && verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, bytes);
}

function isRsa(key: KeyObject, message: Buffer, bytes: Buffer): boolean {
  const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_AUTO } = constants;
  if (verify("sha256", message, { key, padding: RSA_PKCS1_PADDING }, bytes)) return true;
  const pss = { key, padding: RSA_PKCS1_PSS_PADDING, saltLength: RSA_PSS_SALTLEN_AUTO };
  return verify("sha256", message, pss, bytes);
}
