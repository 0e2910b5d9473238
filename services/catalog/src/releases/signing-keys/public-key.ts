import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { type Problem, problem } from "@mosis/http";

export interface PublicKey {
  /** The one stored form of the key, whatever form was sent. */
  pem: string;
  /** SHA-256 of the SubjectPublicKeyInfo in DER, lower-case hex. */
  fingerprint: string;
}

const rsaBitsMin = 2048;
/** The signature of a larger key does not fit into `app_versions.signature`: 512 characters of base64. */
const rsaBitsMax = 3072;
/** NIST FIPS 186-5 §A.1.1 allows no smaller exponent; a very large one only makes checking slow. */
const exponentMin = 65_537n;
const exponentMax = 0xffff_ffffn;

const taken = "Use an Ed25519 key, an ECDSA key on P-256, or an RSA key of 2048 to 3072 bits.";
const howToExport = "Export it with: openssl pkey -in key.pem -pubout";

/**
 * Reads a public key that a client sent.
 * @param text SubjectPublicKeyInfo as PEM, or as the base64 of its DER.
 * @throws Problem `invalid_request` that says what is wrong with it and what is accepted.
 */
export function readPublicKey(text: string): PublicKey {
  // Checked before Node's parser, which would also make a public key of a private one, and of a certificate.
  const der = derOf(text);
  let key: KeyObject;
  try {
    key = createPublicKey({ key: der, format: "der", type: "spki" });
  } catch (cause) {
    throw refused("public_key_unreadable", "is not a readable SubjectPublicKeyInfo", howToExport, cause);
  }
  requireTaken(key);
  // The detour over JWK makes the encoding unique: compressed points and named parameters have several
  // encodings, and a key must have one fingerprint.
  const one = createPublicKey({ key: key.export({ format: "jwk" }), format: "jwk" });
  const spki = one.export({ format: "der", type: "spki" });
  return {
    pem: one.export({ format: "pem", type: "spki" }),
    fingerprint: createHash("sha256").update(spki).digest("hex"),
  };
}

function derOf(text: string): Buffer {
  if (text.includes("PRIVATE KEY-----")) {
    const fix = `This key is no longer secret: make a new one, and send its public key. ${howToExport}`;
    throw refused("private_key_sent", "is a private key, which must never leave its owner", fix);
  }
  const base64 = pemBodyOf(text.trim()).replaceAll(/\s/g, "");
  const der = Buffer.from(base64, "base64");
  if (der.length > 0 && der.toString("base64") === base64) return der;
  const message = "is neither PEM with BEGIN PUBLIC KEY nor the base64 of its DER";
  throw refused("public_key_unreadable", message, howToExport);
}

const pemHead = "-----BEGIN PUBLIC KEY-----";
const pemFoot = "-----END PUBLIC KEY-----";

/**
 * Returns the text between head and foot, or the whole text when it has neither. It searches by position: a
 * regular expression with white space on both sides of the base64 tried every way to divide 4096 spaces, for
 * 8 s.
 */
function pemBodyOf(text: string): string {
  if (!text.startsWith(pemHead) || !text.endsWith(pemFoot)) return text;
  const body = text.slice(pemHead.length, -pemFoot.length);
  return /^\s/.test(body) && /\s$/.test(body) ? body : text;
}

function requireTaken(key: KeyObject): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key;
  if (type === "ed25519") return;
  if (type === "ec" && details.namedCurve === "prime256v1") return;
  if (type !== "rsa") {
    const name = type === "ec" ? `ec on ${details.namedCurve ?? "a curve without a name"}` : String(type);
    throw refused("algorithm_unsupported", `is a key of a kind that is not supported: ${name}`, taken);
  }
  const { modulusLength: bits = 0, publicExponent: exponent = 0n } = details;
  if (bits < rsaBitsMin) throw refused("key_too_weak", `has ${bits} bits`, taken);
  if (bits > rsaBitsMax) {
    const message = `has ${bits} bits, and its signatures do not fit into the 512 characters of a version`;
    throw refused("key_too_large", message, taken);
  }
  if (exponent < exponentMin || exponent > exponentMax || exponent % 2n === 0n) {
    throw refused("exponent_unsupported", "has an unusual exponent", "Make the key with the exponent 65537.");
  }
}

function refused(code: string, message: string, fix: string, cause?: unknown): Problem {
  return problem("invalid_request", "The public key is not accepted.", {
    errors: [{ pointer: "/public_key", code, message, fix }],
    cause,
  });
}
