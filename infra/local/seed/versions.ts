// Versions of apps: many of few apps, each with a past that the lifecycle allows.
import { createHash } from "node:crypto";
import type { Cell } from "@mosis/postgres";
import { type Dice, uuid } from "../lifelike.ts";
import type { SeededApp } from "./apps.ts";
import { type SeededDeveloper, signingKeyId } from "./developers.ts";
import { dayMs, epochMs, time } from "./times.ts";
import { pick } from "./words.ts";

type Status = "draft" | "review" | "approved" | "rejected" | "published";

export interface SeededVersion {
  id: string;
  code: number;
  status: Status;
  createdMs: number;
  publishedMs: number | null;
}

/**
 * How many versions each app has, `versions` in all: one for each that had to have one to become what it is,
 * the rest by chance, most of them to few.
 */
export function versionCounts(dice: Dice, apps: readonly SeededApp[], versions: number): Int32Array {
  const counts = Int32Array.from(apps, ({ status }) => (status === "draft" ? 0 : 1));
  const rest = versions - counts.reduce((sum, count) => sum + count, 0);
  if (rest < 0) throw new RangeError(`${versions} versions are fewer than published apps.`);
  for (let i = 0; i < rest; i++) {
    const app = Math.floor(apps.length * dice(120, i) ** 1.7);
    // Not the apps of the biggest developers again.
    const at = (app * stride) % apps.length;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

/** Shares no factor with any number of apps that is not a multiple of it. */
const stride = 1_000_003;

/** From old to new. At most one is in review, and the last published one is what the store shows. */
export function* versionsOf(
  dice: Dice,
  app: SeededApp,
  { first, count }: { first: number; count: number },
): Generator<SeededVersion> {
  const isOut = app.status !== "draft";
  // Behind the last published one there may be one or two on their way.
  const underWay = isOut ? Math.min(count - 1, Math.floor(2.4 * dice(121, first) ** 2)) : count;
  const step = (app.updatedMs - app.createdMs) / (count + 1);
  for (let i = 0; i < count; i++) {
    const n = first + i;
    const createdMs = Math.floor(app.createdMs + step * (i + 0.5 + 0.4 * dice(122, n)));
    const isLatest = isOut && i === count - underWay - 1;
    const status = statusOf(dice(123, n), {
      isBehind: i >= count - underWay,
      isLatest,
      isLast: i === count - 1,
    });
    const waitedMs = Math.floor(Math.min(2 * dayMs, step * 0.1) * dice(124, n));
    const publishedMs = status === "published" ? Math.min(epochMs, createdMs + waitedMs) : null;
    yield { id: uuid(dice, 125, n), code: i + 1, status, createdMs, publishedMs };
  }
}

function statusOf(
  chance: number,
  { isBehind, isLatest, isLast }: { isBehind: boolean; isLatest: boolean; isLast: boolean },
): Status {
  if (isLatest) return "published";
  if (!isBehind) return chance < 0.08 ? "rejected" : "published";
  // A version waits for review only as the last one: a newer submission would have taken its place.
  if (!isLast) return chance < 0.5 ? "rejected" : "draft";
  return pick<Status>(["draft", "draft", "review", "approved", "rejected"], chance);
}

export const versionColumns = [
  ...[
    "id",
    "app_id",
    "version_code",
    "version_name",
    "package_url",
    "package_size",
    "signature",
    "permissions",
  ],
  ...["min_mosis_version", "release_notes", "status", "review_notes", "published_at", "created_at"],
  ...["developer_id", "package_digest", "signing_key_id", "submitted_at", "rollout_percent", "updated_at"],
];

export function versionRow(
  dice: Dice,
  n: number,
  { app, developer, version }: { app: SeededApp; developer: SeededDeveloper; version: SeededVersion },
): Cell[] {
  const { id, code, status, createdMs, publishedMs } = version;
  const [major, minor] = [Math.floor(code / 12) + 1, code % 12];
  return [
    ...[id, app.id, code, `${major}.${minor}.0`],
    `https://packages.example/${app.packageId}/${code}.mosis`,
    Math.floor(200_000 * 2000 ** dice(130, n)),
    // As long as one of Ed25519. No package stands behind it, so nothing can check it.
    createHash("sha512").update(id).digest("base64"),
    JSON.stringify(permissions.filter((_, i) => dice(131, n * 16 + i) < 0.15)),
    dice(132, n) < 0.8 ? `1.${Math.floor(6 * dice(133, n) ** 2)}.0` : null,
    pick(notes, dice(134, n)),
    status,
    status === "rejected" ? pick(reasons, dice(135, n)) : null,
    publishedMs === null ? null : time(publishedMs),
    time(createdMs),
    ...[developer.id, createHash("sha256").update(id).digest("hex"), signingKeyId(dice, app.developer)],
    status === "draft" ? null : time(createdMs),
    status === "published" ? 100 : null,
    time(publishedMs ?? createdMs),
  ];
}

const permissions = [
  ..."camera microphone location contacts calendar storage network bluetooth notifications".split(" "),
  ..."background audio sensors".split(" "),
];
const notes = [
  ...["Bug fixes.", "Faster start.", "New levels.", "Dark mode.", "Works offline now.", "Smaller download."],
  ...["Fixes a crash on start.", "More languages.", "A new look.", "Sync is more reliable."],
];
const reasons = [
  ...["The description does not match the app.", "It crashes on start.", "A permission is not explained."],
  ...["Screenshots are missing."],
];
