import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { custom } from "@mosis/runtime";

/** The key with which the relay signs records. Its id stands beside each signature. */
export interface RecordSigningKey {
  id: string;
  privateKey: KeyObject;
}

/** The keys whose signatures are accepted, by id. */
export type RecordPublicKeys = ReadonlyMap<string, KeyObject>;

/** The variable of every process that reads what the relay publishes. */
export const recordVerifying = {
  CATALOG_RECORD_PUBLIC_KEYS: custom({
    about:
      "Verifies records of the catalog: id:key (Ed25519, 32 bytes in base64), several with commas between.",
    read: readPublicKeys,
  }),
};

/** The variables of the relay. No other process has the first one. */
export const recordSigning = {
  CATALOG_RECORD_SIGNING_KEY: custom({
    about: "Signs records of the catalog: id:key, a private Ed25519 key, 32 bytes in base64.",
    read: readSigningKey,
  }),
  CATALOG_RECORD_PUBLIC_KEYS: custom<RecordPublicKeys>({
    about:
      "Keys accepted beside the relay's own when it looks for forged records; the value that readers have.",
    default: new Map(),
    read: readPublicKeys,
  }),
};

/** Generates a new key, as a person would make one. */
export function generateSigningKey(id: string): RecordSigningKey {
  return { id, privateKey: generateKeyPairSync("ed25519").privateKey };
}

/** Returns a signing key as the texts of its two variables. */
export function textsOf(key: RecordSigningKey): Record<keyof typeof recordSigning, string> {
  const [[id, publicKey] = []] = publicKeyOf(key);
  if (id === undefined || publicKey === undefined) throw new Error("A signing key has a public half.");
  const text = (der: Buffer) => `${id}:${der.subarray(-32).toString("base64")}`;
  return {
    CATALOG_RECORD_SIGNING_KEY: text(key.privateKey.export({ format: "der", type: "pkcs8" })),
    CATALOG_RECORD_PUBLIC_KEYS: text(publicKey.export({ format: "der", type: "spki" })),
  };
}

/** Returns the public half of a signing key. */
export function publicKeyOf({ id, privateKey }: RecordSigningKey): RecordPublicKeys {
  return new Map([[id, createPublicKey(privateKey)]]);
}

/**
 * Reads the public keys of a variable.
 * @throws Error that says what the text should have been.
 */
export function readPublicKeys(text: string): RecordPublicKeys {
  const keys = new Map<string, KeyObject>();
  for (const part of text.split(",")) {
    const { id, bytes } = readKey(part);
    if (keys.has(id)) throw new Error(`has the id ${id} twice`);
    keys.set(id, createPublicKey({ key: Buffer.concat([spki, bytes]), format: "der", type: "spki" }));
  }
  return keys;
}

/**
 * Reads the signing key of a variable.
 * @throws Error that says what the text should have been.
 */
export function readSigningKey(text: string): RecordSigningKey {
  const { id, bytes } = readKey(text);
  const key = Buffer.concat([pkcs8, bytes]);
  return { id, privateKey: createPrivateKey({ key, format: "der", type: "pkcs8" }) };
}

function readKey(text: string): { id: string; bytes: Buffer } {
  const [, id, base64] = /^([\w-]{1,32}):([A-Za-z0-9+/]{43}=)$/.exec(text.trim()) ?? [];
  if (id === undefined || base64 === undefined) {
    throw new Error("must be id:key, the key 32 bytes in base64, the id letters, digits, - and _");
  }
  return { id, bytes: Buffer.from(base64, "base64") };
}

/** The bytes before the 32 bytes of an Ed25519 key in DER (RFC 8410). */
const pkcs8 = Buffer.from("302e020100300506032b657004220420", "hex");
const spki = Buffer.from("302a300506032b6570032100", "hex");
