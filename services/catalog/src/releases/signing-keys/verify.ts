import { constants, createPublicKey, type KeyObject, verify } from "node:crypto";

/** The size of an ECDSA signature on P-256 in the form of IEEE P1363: r and s, side by side. */
const p1363Bytes = 64;

/**
 * Returns true when the key has signed the message: Ed25519 signs the message, ECDSA and RSA its SHA-256.
 * ECDSA signatures may be in DER, as OpenSSL makes them, or in IEEE P1363, as WebCrypto does; RSA ones may
 * use PKCS #1 v1.5 or PSS.
 * @param publicKey PEM of a key that `readPublicKey` has accepted.
 * @param signature base64; any other text counts as no signature.
 */
export function isSignedBy(publicKey: string, message: Buffer, signature: string): boolean {
  const bytes = Buffer.from(signature, "base64");
  // Node accepts several spellings of the same base64, so one signature would have many texts.
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
