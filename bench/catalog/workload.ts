// Makes the questions for a seeded catalog: its rows follow from the seed.
import { appOf, createDice } from "../../infra/local/lifelike.ts";
import { makeKey } from "../../infra/local/seed/keys.ts";
import type { planSeed, SeedSizes } from "../../infra/local/seed/seed-catalog.ts";
import { inventedWord, pick, zipf } from "../../infra/local/seed/words.ts";

export interface Workload {
  emails: string[];
  /** Ids of developers with a page of apps or more. */
  developers: string[];
  /** Package ids of published apps. */
  packageIds: string[];
  searches: string[];
  /** A management key of a developer with a page of apps, and one of its apps. */
  keyed: { secret: string; packageId: string }[];
}

const count = 1000;
const pageRows = 50;

export function makeWorkload(plan: ReturnType<typeof planSeed>, sizes: SeedSizes, seed: number): Workload {
  const { developers, apps } = plan;
  const dice = createDice(seed + 1);
  const some = Array.from({ length: count }, (_, n) => n);
  const published = apps.filter(({ status }) => status === "published");
  const appsOf = Map.groupBy(apps, ({ developer }) => developer);
  const busy = [...appsOf].filter(([, own]) => own.length > pageRows);
  const busyNumbers = new Map(busy);
  const keyed = Array.from({ length: sizes.keys }, (_, n) => makeKey(plan.dice, n, developers.length))
    .filter(({ kind, isOfOneApp, developer }) => {
      return kind === "management" && !isOfOneApp && busyNumbers.has(developer);
    })
    .slice(0, count)
    .map(({ secret, developer }, n) => {
      const own = busyNumbers.get(developer) ?? [];
      return { secret, packageId: pick(own, dice(1, n)).packageId };
    });
  return {
    emails: some.map((n) => pick(developers, dice(2, n)).email),
    developers: some.map((n) => developers[pick(busy, dice(3, n))[0]]?.id ?? ""),
    // Popular apps are asked for more often.
    packageIds: some.map((n) => published[appOf(dice, n, published.length)]?.packageId ?? ""),
    searches: some.map((n) => searchFor(dice, n, published)),
    keyed,
  };
}

const everywhere = [
  "app",
  "game",
  "free",
  "play",
  "new",
  "best",
  "fun",
  "time",
  "offline",
  "easy",
  "the",
  "photo",
];

/**
 * Makes queries like people's: names, words of them, misspelt ones, beginnings, and words that are
 * everywhere.
 */
function searchFor(
  dice: ReturnType<typeof createDice>,
  n: number,
  apps: readonly { name: string; packageId: string }[],
): string {
  const { name, packageId } = apps[Math.floor(apps.length * dice(10, n))] ?? { name: "", packageId: "" };
  const words = name.toLowerCase().replaceAll(":", "").split(" ");
  const word = pick(words, dice(11, n));
  const chance = dice(12, n);
  if (chance < 0.3) return name;
  if (chance < 0.5) return word;
  if (chance < 0.6) return `${word} ${pick(everywhere, dice(13, n))}`;
  if (chance < 0.63) return packageId;
  if (chance < 0.78) return misspelt(word, dice(14, n));
  if (chance < 0.85) return word.slice(0, 1 + Math.floor(2 * dice(15, n)));
  if (chance < 0.9) return word.slice(0, 4);
  if (chance < 0.95) return everywhere[zipf(dice(16, n), everywhere.length)] ?? "app";
  if (chance < 0.97) return `${pick(everywhere, dice(17, n))} ${pick(everywhere, dice(18, n))}`;
  // A word that is rare or that no app contains.
  return inventedWord(createDice(7), n);
}

/** Leaves a letter out, doubles it, or exchanges it with the next one. */
function misspelt(word: string, chance: number): string {
  const at = 1 + Math.floor(Math.max(0, word.length - 3) * ((chance * 97) % 1));
  const [before, letter, after] = [word.slice(0, at), word.slice(at, at + 1), word.slice(at + 1)];
  if (chance < 0.4) return before + after;
  if (chance < 0.7) return before + letter + letter + after;
  return before + after.slice(0, 1) + letter + after.slice(1);
}
