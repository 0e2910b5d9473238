import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import type {
  AuthenticationCredential,
  PasskeyCreationOptions,
  PasskeyRequestOptions,
  RegistrationCredential,
} from "@mosis/types/passkeys";

// An authenticator and the browser before it, written from WebAuthn Level 3 (§6.1 authenticator data, §5.8.1
// client data) so that it checks the library of the catalog. Everything that it says can be made wrong.

type Algorithm = "ES256" | "EdDSA";

/** What a browser or an authenticator says wrongly. */
export interface Lies {
  origin?: string;
  rpId?: string;
  challenge?: string;
  type?: string;
  crossOrigin?: boolean;
  userHandle?: string | null;
  isPresent?: boolean;
  isVerified?: boolean;
  count?: number;
  /** Of another credential. */
  id?: string;
  tampered?: "signature" | "authenticatorData" | "clientDataJSON";
}

const defaultAlgorithm: Algorithm = "ES256";
const flags = { present: 0x01, verified: 0x04, backupEligible: 0x08, backedUp: 0x10, attested: 0x40 };

/** @param counts false for one that always says 0, as synced passkeys do. */
export function createAuthenticator({
  algorithm = defaultAlgorithm,
  origin = "https://portal.mosis.test",
  counts = true,
  isVerifying = true,
} = {}) {
  const { publicKey, privateKey } = newKeyPair(algorithm);
  const credentialId = randomBytes(32);
  const id = credentialId.toString("base64url");
  let count = 0;
  let userHandle = "";
  const dataOf = (rpId: string, lies: Lies, attested: Buffer = Buffer.alloc(0)) => {
    if (counts) count += 1;
    return authenticatorData(rpId, { attested, count, counts, isVerifying, ...lies });
  };

  return {
    id,
    /** Another one with the same keys and the count of now: what a thief of the keys has. */
    countBack(to: number) {
      count = to;
    },
    create(options: PasskeyCreationOptions["public_key"], lies: Lies = {}): RegistrationCredential {
      userHandle = options.user.id;
      const authData = dataOf(options.rp.id, lies, attestedOf(credentialId, publicKey, algorithm));
      return {
        id: lies.id ?? id,
        rawId: lies.id ?? id,
        type: "public-key",
        response: {
          clientDataJSON: text(
            clientDataOf("webauthn.create", { origin, challenge: options.challenge, ...lies }),
          ),
          attestationObject: text(attestationObject(authData)),
          transports: ["internal"],
        },
      };
    },
    get(options: PasskeyRequestOptions["public_key"], lies: Lies = {}): AuthenticationCredential {
      const clientData = clientDataOf("webauthn.get", { origin, challenge: options.challenge, ...lies });
      const authData = dataOf(options.rpId, lies);
      const signature = signed(Buffer.concat([authData, sha256(clientData)]), privateKey, algorithm);
      const response = {
        clientDataJSON: text(clientData),
        authenticatorData: text(authData),
        signature: text(signature),
      };
      if (lies.tampered) response[lies.tampered] = tamper(response[lies.tampered], lies.tampered);
      const handle = lies.userHandle === undefined ? userHandle : lies.userHandle;
      return {
        id: lies.id ?? id,
        rawId: lies.id ?? id,
        type: "public-key",
        response: { ...response, userHandle: handle },
      };
    },
  };
}

/** Of a new credential: no maker, its id and its key (WebAuthn §6.5.1). */
function attestedOf(id: Buffer, publicKey: KeyObject, algorithm: Algorithm): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(id.length);
  return Buffer.concat([Buffer.alloc(16), length, id, coseKeyOf(publicKey, algorithm)]);
}

/** Without an attestation, as browsers send it when nobody asks for one. */
function attestationObject(authData: Buffer): Buffer {
  return cbor(
    new Map<unknown, unknown>([
      ["fmt", "none"],
      ["attStmt", new Map()],
      ["authData", authData],
    ]),
  );
}

interface Said extends Lies {
  attested: Buffer;
  count: number;
  counts: boolean;
  isVerifying: boolean;
}

/** The hash of the domain, flags, count, and of a new credential what it is. */
function authenticatorData(rpId: string, said: Said): Buffer {
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(said.count);
  const bits =
    (said.isPresent === false ? 0 : flags.present) +
    ((said.isVerified ?? said.isVerifying) ? flags.verified : 0) +
    (said.counts ? 0 : flags.backupEligible + flags.backedUp) +
    (said.attested.length > 0 ? flags.attested : 0);
  return Buffer.concat([sha256(said.rpId ?? rpId), Buffer.from([bits]), counter, said.attested]);
}

function clientDataOf(type: string, said: Lies): Buffer {
  const { challenge, origin, crossOrigin = false } = said;
  return Buffer.from(JSON.stringify({ type: said.type ?? type, challenge, origin, crossOrigin }));
}

export type Authenticator = ReturnType<typeof createAuthenticator>;

function newKeyPair(algorithm: Algorithm) {
  return algorithm === "EdDSA"
    ? generateKeyPairSync("ed25519")
    : generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/** Of EdDSA the message, of ES256 its SHA-256, as DER. */
function signed(message: Buffer, key: KeyObject, algorithm: Algorithm): Buffer {
  return sign(algorithm === "EdDSA" ? null : "sha256", message, key);
}

/** RFC 9053 §7: key type, algorithm, curve and coordinates. */
function coseKeyOf(publicKey: KeyObject, algorithm: Algorithm): Buffer {
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const bytes = (value: string) => Buffer.from(value, "base64url");
  return cbor(
    algorithm === "EdDSA"
      ? new Map<unknown, unknown>([
          [1, 1],
          [3, -8],
          [-1, 6],
          [-2, bytes(x)],
        ])
      : new Map<unknown, unknown>([
          [1, 2],
          [3, -7],
          [-1, 1],
          [-2, bytes(x)],
          [-3, bytes(y)],
        ]),
  );
}

/** As much of RFC 8949 as the two above need. */
function cbor(value: unknown): Buffer {
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === "string")
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (!(value instanceof Map)) throw new Error("The authenticator writes numbers, texts, bytes and maps.");
  const entries = [...(value as Map<unknown, unknown>)].flatMap(([key, entry]) => [cbor(key), cbor(entry)]);
  return Buffer.concat([head(5, value.size), ...entries]);
}

function head(major: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(major << 5) | size]);
  if (size < 256) return Buffer.from([(major << 5) | 24, size]);
  return Buffer.from([(major << 5) | 25, size >> 8, size & 0xff]);
}

function tamper(value: string, what: NonNullable<Lies["tampered"]>): string {
  const bytes = Buffer.from(value, "base64url");
  // Somewhere that leaves its form alone: the last byte, or of JSON a space at the end.
  if (what === "clientDataJSON") return text(Buffer.concat([bytes, Buffer.from(" ")]));
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  return text(bytes);
}

function sha256(data: string | Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

function text(bytes: Buffer): string {
  return bytes.toString("base64url");
}
