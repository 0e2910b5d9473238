import type { Queryable, Sql } from "@mosis/postgres";
import { sql } from "@mosis/postgres";
import type { ListedApp, SearchMatch, SearchSort } from "@mosis/types/search";
import { appsBeginning, exactApps, findByTime } from "./by-time.ts";
import { appsWithWords, findByWords, type Wording } from "./by-words.ts";
import { findCorrections } from "./corrections.ts";
import { isLookUpCheaper } from "./cheaper-way.ts";
import {
  appsOfSampled,
  beginning,
  beginsWith,
  findBeginning,
  findByBothTerms,
  findByTerm,
  findExact,
  hasWords,
  type Hit,
  isExact,
  readWanted,
} from "./queries.ts";

/** The end of a page: the last hit, with the way in which it matched. */
interface Place {
  match: SearchMatch;
  rank: number;
  app_no: number;
  /** The name of a hit by the beginning of its name; these hits are in the order of names. */
  folded_name: string;
}

export interface Search {
  q: string | null;
  category: string | null;
  tag: string | null;
  sort: SearchSort;
  behind: Place | null;
  limit: number;
}

export interface Found {
  hits: { app: ListedApp; place: Place }[];
  /** The text that was searched for instead of `q`; null when it was `q`. */
  corrected: string | null;
}

/** A stage of a search. The stages run one after the other; each skips the hits of earlier ones. */
interface Stage {
  /** The ways in which its hits match. When there are several, each hit has its own. */
  matches: Matches;
  find: (behind: Place, limit: number) => Promise<(Hit & Partial<Pick<Place, "match" | "folded_name">>)[]>;
}

type Matches = readonly [SearchMatch, ...SearchMatch[]];
type Wanted = Awaited<ReturnType<typeof readWanted>>;

/** Returns the first `limit` hits after a place. */
export async function search(db: Queryable, asked: Search): Promise<Found> {
  const { behind } = asked;
  const q = asked.q === null ? null : withSingleSpaces(asked.q);
  const wanted = await readWanted(db, { ...asked, q });
  if (q === null) return { hits: await findThrough([listing(db, wanted, asked)], asked), corrected: null };

  if (behind?.match !== "similar") {
    const stages = stagesOf(db, wanted, { sort: asked.sort, matches: matchesOf(wanted) });
    const hits = await findThrough(stages, asked);
    if (hits.length > 0 || behind !== null) return { hits, corrected: null };
  }
  const corrected = await correct(db, wanted.folded);
  if (corrected === null) return { hits: [], corrected: null };
  const meant = await readWanted(db, { ...asked, q: corrected });
  // The similar word may be one that is everywhere, as it is for `thee`.
  if (meant.words.length === 0) return { hits: [], corrected: null };
  const hits = await findThrough(stagesOf(db, meant, { sort: asked.sort, matches: ["similar"] }), asked);
  return { hits, corrected: hits.length > 0 ? corrected : null };
}

const always = sql`true`;

/** Returns the text with one space between words, as in names. Spaces become one, which matches nothing. */
function withSingleSpaces(q: string): string {
  return q.trim().replaceAll(/\s+/gu, " ") || " ";
}

async function findThrough(
  stages: readonly Stage[],
  { behind, limit }: Pick<Search, "behind" | "limit">,
): Promise<Found["hits"]> {
  const from = behind === null ? 0 : stages.findIndex(({ matches }) => matches.includes(behind.match));
  const hits: Found["hits"] = [];
  for (const [index, { matches, find }] of stages.slice(from).entries()) {
    const [only] = matches;
    const start = behind !== null && index === 0 ? behind : { ...beginning, folded_name: "", match: only };
    const rows = await find(start, limit - hits.length);
    for (const { match = only, rank, app_no, folded_name = "", ...app } of rows) {
      hits.push({ app, place: { match, rank, app_no, folded_name } });
    }
    if (hits.length >= limit) break;
  }
  return hits;
}

/** The only stage of a search without a text: all apps, or those of a category, a tag or both, by time. */
function listing(db: Queryable, { filters }: Wanted, { sort }: Search): Stage {
  const kind = sort === "new" ? "n:" : "u:";
  const [term = kind, other] = filters.map((filter) => kind + filter);
  return {
    matches: ["listed"],
    find: (behind, limit) =>
      other === undefined
        ? findByTerm(db, term, { behind, limit })
        : findByBothTerms(db, [term, other], { behind, limit }),
  };
}

/**
 * Returns the ways to match, the best first: the exact name, all the words, the beginning of a name. One or
 * two characters match the beginning of a name first, and a word second.
 */
function matchesOf({ folded, words }: Wanted): Matches {
  if (words.length === 0) return ["exact", "prefix"];
  return /^.{1,2}$/u.test(folded) ? ["exact", "prefix", "text"] : ["exact", "text", "prefix"];
}

/** Returns one stage for each way to match when the order is relevance, and one for all when it is time. */
function stagesOf(
  db: Queryable,
  wanted: Wanted,
  { sort, matches }: { sort: SearchSort; matches: Matches },
): Stage[] {
  if (sort !== "relevance") {
    const sources = matches.map((match) => ({ match, apps: appsOf(wanted, match) }));
    return [
      { matches, find: (behind, limit) => findByTime(db, { sources, order: sort }, { behind, limit }) },
    ];
  }
  return matches.map((match, index) => {
    const before = matches.slice(0, index).map((earlier) => hasMatch(wanted, earlier));
    return {
      matches: [match],
      find: (behind, limit) => findMatching(db, wanted, { match, before, behind, limit }),
    };
  });
}

/** Returns the apps that match in this way, and in none of the ways before it. */
function findMatching(
  db: Queryable,
  wanted: Wanted,
  { match, before, behind, limit }: { match: SearchMatch; before: Sql[]; behind: Place; limit: number },
) {
  const isNew = before.reduce((all, earlier) => sql`${all} and not ${earlier}`, always);
  const where = sql`${filterOf(wanted)} and ${isNew}`;
  if (match === "exact") return findExact(db, wanted, { behind, limit, where });
  if (match === "prefix") return findBeginning(db, wanted.folded, { after: behind, limit, where });
  return findByWords(db, wordingOf(wanted), { behind, limit, where: isNew });
}

/** All apps that match in this way. */
function appsOf(wanted: Wanted, match: SearchMatch): Sql {
  if (match === "exact") return exactApps(wanted.folded, filterOf(wanted));
  if (match === "prefix") return appsBeginning(wanted.folded, filterOf(wanted));
  return appsWithWords(wordingOf(wanted));
}

/** The condition of apps that match in this way. */
function hasMatch({ folded, words }: Wanted, match: SearchMatch): Sql {
  if (match === "exact") return isExact(folded);
  return match === "prefix" ? beginsWith(folded) : hasWords(queryOf(words));
}

function wordingOf({ words, filters, sampled, apps }: Wanted): Wording {
  const [rarest, ...others] = [...words, ...filters]
    .map((lexeme, place) => ({ term: `w:${lexeme}`, apps: (sampled[place] ?? 0) * appsOfSampled }))
    .toSorted((one, other) => one.apps - other.apps);
  if (rarest === undefined) throw new TypeError("A wording has words.");
  return {
    query: queryOf(words),
    terms: [rarest.term, ...others.map(({ term }) => term)],
    isLookedUp: isLookUpCheaper(
      [rarest, ...others].map((some) => some.apps),
      apps,
    ),
  };
}

function filterOf({ filters }: Wanted): Sql {
  return filters.length > 0 ? hasWords(queryOf(filters)) : always;
}

/** Returns the text with each unknown word replaced by a similar one; null when a word has none. */
async function correct(db: Queryable, text: string): Promise<string | null> {
  const words = await findCorrections(db, text);
  const isOther = words.some(({ given, word }) => given !== word);
  return isOther && words.every(({ word }) => word !== null) ? words.map(({ word }) => word).join(" ") : null;
}

/** Returns a `tsquery` of all lexemes. Each is in quotes, with its own quotes and backslashes doubled. */
function queryOf(lexemes: readonly string[]): string {
  return lexemes.map((lexeme) => `'${lexeme.replaceAll(/['\\]/g, "$&$&")}'`).join(" & ");
}
