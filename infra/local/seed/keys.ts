// Makes API keys whose secrets follow from the seed, so that a benchmark can send them. Whoever knows the
// seed knows them all: use seeded data only for tests.
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Cell } from "@mosis/postgres";
import { base62, keyChecksum, keyIdLength, keyMarks, keyRandomLength } from "@mosis/types/key-format";
import type { KeyKind } from "@mosis/types/keys";
import { type Dice, uuid } from "../lifelike.ts";
import type { SeededDeveloper } from "./developers.ts";
import { epochMs, time } from "./times.ts";
import { pick } from "./words.ts";

export interface SeededKey {
  id: string;
  kind: KeyKind;
  secret: string;
  /** The index of its developer. */
  developer: number;
  /** True when the key serves only the first app of its developer, if there is one. */
  isOfOneApp: boolean;
}

export function makeKey(dice: Dice, n: number, developers: number): SeededKey {
  const kind = dice(102, n) < 0.6 ? "ingest" : "management";
  const letters = keyIdLength + keyRandomLength;
  const body = keyMarks[kind] + Array.from({ length: letters }, (_, i) => letter(dice, n * 64 + i)).join("");
  return {
    id: uuid(dice, 100, n),
    kind,
    secret: body + keyChecksum(crc32(body)),
    developer: Math.floor(developers * dice(103, n) ** 2),
    isOfOneApp: kind === "ingest" || dice(104, n) < 0.2,
  };
}

export const keyColumns = [
  "id",
  "developer_id",
  "name",
  "kind",
  "key_hash",
  "key_prefix",
  "permissions",
  "all_apps",
  "last_used_at",
  "created_at",
];

export function keyRow(dice: Dice, n: number, key: SeededKey, developer: SeededDeveloper): Cell[] {
  const { id, kind, secret, isOfOneApp } = key;
  const hash = createHash("sha256").update(secret).digest("hex");
  const granted = kind === "ingest" ? ["telemetry:write"] : pick(managementGrants, dice(105, n));
  const createdMs = developer.createdMs + Math.floor((epochMs - developer.createdMs) * dice(106, n));
  const usedMs = createdMs + Math.floor((epochMs - createdMs) * dice(107, n));
  return [
    id,
    developer.id,
    kind === "ingest" ? "shipped" : pick(names, dice(108, n)),
    kind,
    hash,
    secret.slice(0, 3) + secret.slice(8, 15),
    JSON.stringify(granted),
    !isOfOneApp,
    dice(109, n) < 0.7 ? time(usedMs) : null,
    time(createdMs),
  ];
}

const names = ["CI", "release pipeline", "nightly", "laptop", "dashboard", "import"];

const managementGrants = [
  ["apps:read", "apps:write", "keys:read", "telemetry:read"],
  ["apps:read", "telemetry:read", "telemetry:write"],
  ["apps:read"],
];

function letter(dice: Dice, n: number): string {
  return base62.charAt(Math.floor(base62.length * dice(101, n)));
}
