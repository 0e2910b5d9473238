// Makes apps: their owners, their names, and their descriptions.
import type { Cell } from "@mosis/postgres";
import { type Dice, uuid } from "../lifelike.ts";
import type { SeededDeveloper } from "./developers.ts";
import { epochMs, time } from "./times.ts";
import * as words from "./words.ts";

export interface SeededApp {
  id: string;
  packageId: string;
  name: string;
  description: string;
  category: string;
  tags: string[];
  status: "draft" | "published" | "suspended";
  /** The index of its developer. */
  developer: number;
  createdMs: number;
  updatedMs: number;
}

/** The data of an app that depends on its versions. */
export interface Release {
  latestVersionId: string | null;
  latestCode: number | null;
  latestName: string | null;
  rolloutVersionId: string | null;
  publishedCodeMax: number | null;
}

const vocabularySize = 20_000;
const tagCount = 400;

/**
 * Makes apps in the order of their numbers: when two would have the same package id, the later one gets a
 * digit.
 */
export function createAppMaker(dice: Dice, developers: readonly SeededDeveloper[]) {
  const vocabulary = words.makeVocabulary(dice, vocabularySize);
  const tags = words.makeTags(dice, tagCount);
  const taken = new Set<string>();

  function freePackageId(wanted: string): string {
    let id = wanted;
    for (let n = 2; taken.has(id); n++) id = `${wanted}${n}`;
    taken.add(id);
    return id;
  }

  return (n: number): SeededApp => {
    // The first of 10 000 developers has 4.6 % of the apps, and a third of the developers have none.
    const developer = Math.floor(developers.length * dice(61, n) ** 3);
    const { domain, createdMs: sinceMs } = developers[developer] as SeededDeveloper;
    const name = nameOf(dice, n);
    const createdMs = sinceMs + Math.floor((epochMs - sinceMs) * dice(62, n));
    const chance = dice(63, n);
    return {
      id: uuid(dice, 60, n),
      packageId: freePackageId(`${domain}.${slugOf(name)}`),
      name,
      description: descriptionOf(dice, n, vocabulary),
      category: words.categories[words.zipf(dice(64, n), words.categories.length)] as string,
      tags: tagsOf(dice, n, tags),
      status: chance < 0.75 ? "published" : chance < 0.97 ? "draft" : "suspended",
      developer,
      createdMs,
      // Most apps stay unchanged for long; some are new this week.
      updatedMs: Math.min(epochMs, createdMs + Math.floor((epochMs - createdMs) * dice(65, n) ** 0.5)),
    };
  };
}

export const appColumns = [
  "id",
  "developer_id",
  "package_id",
  "name",
  "description",
  "category",
  "tags",
  "status",
  "suspended_by",
  "suspend_reason",
  "latest_version_id",
  "latest_code",
  "latest_name",
  "rollout_version_id",
  "published_code_max",
  "signing_fingerprint",
  "created_at",
  "updated_at",
];

export function appRow(app: SeededApp, developer: SeededDeveloper, release: Release): Cell[] {
  const { id, packageId, name, description, category, tags, status, createdMs, updatedMs } = app;
  const { latestVersionId, latestCode, latestName, rolloutVersionId, publishedCodeMax } = release;
  return [
    id,
    developer.id,
    packageId,
    name,
    description,
    category,
    tags,
    status,
    ...(status === "suspended" ? ["admin", "It pretended to be another app."] : [null, null]),
    latestVersionId,
    latestCode,
    latestName,
    rolloutVersionId,
    publishedCodeMax,
    publishedCodeMax === null ? null : developer.signingKey.fingerprint,
    time(createdMs),
    time(updatedMs),
  ];
}

function nameOf(dice: Dice, n: number): string {
  const adjective = words.capitalized(words.pick(words.adjectives, dice(70, n)));
  const noun = words.capitalized(words.pick(words.nouns, dice(71, n)));
  const other = words.capitalized(words.pick(words.nouns, dice(72, n)));
  // A few brands have many apps.
  const brand = words.capitalized(words.inventedWord(dice, Math.floor(30_000 * dice(73, n) ** 2)));
  const suffix = words.pick(words.suffixes, dice(74, n));
  const chance = dice(75, n);
  if (chance < 0.3) return `${adjective} ${noun}`;
  if (chance < 0.5) return `${noun} ${other}`;
  if (chance < 0.65) return brand;
  if (chance < 0.8) return `${brand} ${noun}`;
  if (chance < 0.9) return `${brand}: ${adjective} ${noun}`;
  if (chance < 0.98) return `${adjective} ${noun} ${suffix}`;
  return `${words.pick(["Café", "Über", "El Niño", "Été", "日本語", "Élan"], dice(76, n))} ${noun}`;
}

function slugOf(name: string): string {
  const slug = name
    .normalize("NFD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "");
  return /^[a-z]/.test(slug) ? slug : `app${slug}`;
}

/** Returns a description of 12 to 120 words, few of them long, in sentences of 4 to 15. */
function descriptionOf(dice: Dice, n: number, vocabulary: readonly string[]): string {
  const count = 12 + Math.floor(108 * dice(80, n) ** 2);
  let text = "";
  let left = 0;
  for (let i = 0; i < count; i++) {
    const at = n * 128 + i;
    const word = vocabulary[words.zipf(dice(81, at), vocabulary.length)] as string;
    if (left === 0) {
      text += (i === 0 ? "" : ". ") + words.capitalized(word);
      left = 4 + Math.floor(12 * dice(82, at));
    } else {
      text += ` ${word}`;
      left--;
    }
  }
  return `${text}.`;
}

function tagsOf(dice: Dice, n: number, tags: readonly string[]): string[] {
  const count = Math.floor(7 * dice(83, n) ** 1.5);
  const drawn = Array.from({ length: count }, (_, i) => tags[words.zipf(dice(84, n * 8 + i), tags.length)]);
  return [...new Set(drawn as string[])];
}
