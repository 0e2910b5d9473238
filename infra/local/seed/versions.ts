// Makes versions of apps: few apps have many of them, and each has a history that the lifecycle allows.
import { createHash } from "node:crypto";
import type { Cell } from "@mosis/postgres";
import { type Dice, uuid } from "../lifelike.ts";
import type { Release, SeededApp } from "./apps.ts";
import type { SeededDeveloper } from "./developers.ts";
import { dayMs, epochMs, time } from "./times.ts";
import { pick } from "./words.ts";

type Status = "draft" | "review" | "approved" | "rejected" | "published";

export interface SeededVersion {
  id: string;
  code: number;
  status: Status;
  createdMs: number;
  submittedMs: number | null;
  publishedMs: number | null;
  rolloutPercent: number | null;
  isHalted: boolean;
  isYanked: boolean;
}

/**
 * Returns the number of versions of each app, `versions` in all: one for each app whose status requires a
 * version, the rest by chance, most of them for few apps.
 */
export function versionCounts(dice: Dice, apps: readonly SeededApp[], versions: number): Int32Array {
  const counts = Int32Array.from(apps, ({ status }) => (status === "draft" ? 0 : 1));
  const rest = versions - counts.reduce((sum, count) => sum + count, 0);
  if (rest < 0) throw new RangeError(`${versions} versions are fewer than published apps.`);
  for (let i = 0; i < rest; i++) {
    const app = Math.floor(apps.length * dice(120, i) ** 1.7);
    // The apps of the biggest developers must not be chosen again.
    const at = (app * stride) % apps.length;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

/** A stride that shares no factor with any number of apps that is not a multiple of it. */
const stride = 1_000_003;

/**
 * Returns the versions from old to new. At most one is in review; all before the last published one keep
 * their status.
 */
export function versionsOf(
  dice: Dice,
  app: SeededApp,
  { first, count }: { first: number; count: number },
): SeededVersion[] {
  const isOut = app.status !== "draft";
  // One or two versions may be on their way after the last published one.
  const underWay = isOut ? Math.min(count - 1, Math.floor(2.4 * dice(121, first) ** 2)) : count;
  const last = count - underWay - 1;
  const step = (app.updatedMs - app.createdMs) / (count + 1);
  return Array.from({ length: count }, (_, i) => {
    const n = first + i;
    const createdMs = Math.floor(app.createdMs + step * (i + 0.5 + 0.4 * dice(122, n)));
    const waitedMs = Math.floor(Math.min(2 * dayMs, step * 0.1) * dice(124, n));
    const isSubmittable = i === count - 1;
    const status =
      i <= last ? pastStatus(dice(123, n), i === 0 || i === last) : openStatus(dice(123, n), isSubmittable);
    const isPublished = status === "published";
    const chance = dice(126, n);
    // One in ten is being rolled out to all installs; a few of the older ones never reached all.
    const isPartial = isPublished && (i === last ? i > 0 && chance < 0.1 : i > 0 && chance < 0.03);
    return {
      id: uuid(dice, 125, n),
      code: i + 1,
      status,
      createdMs,
      submittedMs: ["review", "approved", "published"].includes(status) ? createdMs : null,
      publishedMs: isPublished ? Math.min(epochMs, createdMs + waitedMs) : null,
      rolloutPercent: isPublished ? (isPartial ? pick([1, 5, 10, 25, 50], dice(127, n)) : 100) : null,
      isHalted: isPartial && i === last && dice(128, n) < 0.1,
      isYanked: isPublished && i < last && i > 0 && dice(129, n) < 0.02,
    };
  });
}

export function releaseOf(versions: readonly SeededVersion[]): Release {
  const published = versions.filter(({ status }) => status === "published");
  const newest = published.at(-1);
  const latest = published.findLast(
    ({ rolloutPercent, isHalted, isYanked }) => rolloutPercent === 100 && !isHalted && !isYanked,
  );
  return {
    latestVersionId: latest?.id ?? null,
    latestCode: latest?.code ?? null,
    latestName: latest ? nameOf(latest) : null,
    rolloutVersionId: newest && newest.rolloutPercent !== 100 ? newest.id : null,
    publishedCodeMax: newest?.code ?? null,
  };
}

function nameOf({ code }: SeededVersion): string {
  return `${Math.floor(code / 12) + 1}.${code % 12}.0`;
}

/**
 * Returns the status of a past version. The first one and the last one are published, so that there is always
 * one that all installs get.
 */
function pastStatus(chance: number, isFirstOrLast: boolean): Status {
  return !isFirstOrLast && chance < 0.08 ? "rejected" : "published";
}

/**
 * Returns the status of an unpublished version. Only the last one can wait for review: a newer submission
 * would have replaced it.
 */
function openStatus(chance: number, isSubmittable: boolean): Status {
  if (isSubmittable) return pick<Status>(["draft", "draft", "review", "approved", "rejected"], chance);
  return chance < 0.5 ? "rejected" : "draft";
}

export const versionColumns = [
  "id",
  "app_id",
  "developer_id",
  "version_code",
  "version_name",
  "package_url",
  "package_size",
  "package_digest",
  "signature",
  "signing_key_id",
  "permissions",
  "min_mosis_version",
  "release_notes",
  "status",
  "review_notes",
  "submitted_at",
  "published_at",
  "rollout_percent",
  "halted_at",
  "halt_reason",
  "yanked_at",
  "yank_reason",
  "created_at",
  "updated_at",
];

export function versionRow(
  dice: Dice,
  n: number,
  { app, developer, version }: { app: SeededApp; developer: SeededDeveloper; version: SeededVersion },
): Cell[] {
  const { id, code, status, createdMs, submittedMs, publishedMs, isHalted, isYanked } = version;
  const end = time(publishedMs ?? createdMs);
  return [
    id,
    app.id,
    developer.id,
    code,
    nameOf(version),
    `https://packages.example/${app.packageId}/${code}.mosis`,
    Math.floor(200_000 * 2000 ** dice(130, n)),
    createHash("sha256").update(id).digest("hex"),
    // The signature is as long as one of Ed25519. There is no package behind it, so nothing can check it.
    createHash("sha512").update(id).digest("base64"),
    developer.signingKey.id,
    JSON.stringify(permissions.filter((_, i) => dice(131, n * 16 + i) < 0.15)),
    dice(132, n) < 0.8 ? `1.${Math.floor(6 * dice(133, n) ** 2)}.0` : null,
    pick(notes, dice(134, n)),
    status,
    status === "rejected" ? pick(reasons, dice(135, n)) : null,
    submittedMs === null ? null : time(submittedMs),
    publishedMs === null ? null : time(publishedMs),
    version.rolloutPercent,
    ...(isHalted ? [end, "Crashes went up."] : [null, null]),
    ...(isYanked ? [end, "It lost what people had saved."] : [null, null]),
    time(createdMs),
    end,
  ];
}

const permissions = [
  ..."camera microphone location contacts calendar storage network bluetooth notifications".split(" "),
  ..."background audio sensors".split(" "),
];
const notes = [
  "Bug fixes.",
  "Faster start.",
  "New levels.",
  "Dark mode.",
  "Works offline now.",
  "Smaller download.",
  "Fixes a crash on start.",
  "More languages.",
  "A new look.",
  "Sync is more reliable.",
];
const reasons = [
  "The description does not match the app.",
  "It crashes on start.",
  "A permission is not explained.",
  "Screenshots are missing.",
];
