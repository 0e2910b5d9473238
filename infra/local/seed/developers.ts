// Makes developers and their signing keys.
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import type { Cell } from "@mosis/postgres";
import { type Dice, uuid } from "../lifelike.ts";
import { epochMs, time, yearMs } from "./times.ts";
import { familyNames, givenNames, inventedWord, pick } from "./words.ts";

export interface SeededDeveloper {
  id: string;
  email: string;
  name: string;
  /** The beginning of the package ids of its apps, e.g. `com.zorvia`. */
  domain: string;
  createdMs: number;
  /** A real Ed25519 key, always the same for the same number. */
  signingKey: { id: string; pem: string; fingerprint: string };
}

export function makeDeveloper(dice: Dice, n: number): SeededDeveloper {
  const given = pick(givenNames, dice(41, n));
  const family = pick(familyNames, dice(42, n));
  const vendor = inventedWord(dice, 2_000_000 + n);
  const topLevel = pick(["com", "com", "com", "org", "io", "net", "app", "de"], dice(43, n));
  return {
    id: uuid(dice, 40, n),
    // `.example` belongs to nobody (RFC 2606): no message can reach a person by mistake.
    email: `${ascii(given)}.${ascii(family)}${n}@${vendor}.example`,
    name: `${given} ${family}`,
    domain: `${topLevel}.${vendor}`,
    createdMs: epochMs - Math.floor(5 * yearMs * dice(44, n)),
    signingKey: makeSigningKey(dice, n),
  };
}

export const developerColumns = ["id", "email", "name", "verified", "created_at", "updated_at"];

/** Returns the row of a developer, without a password: nobody signs in as a made-up developer. */
export function developerRow(dice: Dice, n: number, developer: SeededDeveloper): Cell[] {
  const at = time(developer.createdMs);
  return [developer.id, developer.email, developer.name, dice(45, n) < 0.95, at, at];
}

export const signingKeyColumns = [
  "id",
  "developer_id",
  "name",
  "public_key",
  "fingerprint",
  "is_active",
  "created_at",
];

export function signingKeyRow({ id, signingKey, createdMs }: SeededDeveloper): Cell[] {
  return [signingKey.id, id, "release", signingKey.pem, signingKey.fingerprint, true, time(createdMs)];
}

function makeSigningKey(dice: Dice, n: number): SeededDeveloper["signingKey"] {
  const secret = (uuid(dice, 51, n) + uuid(dice, 52, n)).replaceAll("-", "");
  const der = Buffer.concat([pkcs8Ed25519, Buffer.from(secret, "hex")]);
  const publicKey = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
  const spki = publicKey.export({ format: "der", type: "spki" });
  return {
    id: uuid(dice, 50, n),
    pem: publicKey.export({ format: "pem", type: "spki" }),
    fingerprint: createHash("sha256").update(spki).digest("hex"),
  };
}

/** The bytes before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410 §7). */
const pkcs8Ed25519 = Buffer.from("302e020100300506032b657004220420", "hex");

function ascii(name: string): string {
  return name
    .normalize("NFD")
    .replaceAll(/[^A-Za-z]/g, "")
    .toLowerCase();
}
