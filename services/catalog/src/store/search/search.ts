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

/** Where a page ended: at a hit of one of the stages. */
interface Place {
  match: SearchMatch;
  rank: number;
  app_no: number;
  /** Of a hit by the beginning of its name, which are in the order of names. */
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
  /** What was searched for instead of `q`; null when it was `q`. */
  corrected: string | null;
}

/** A part of the hits. What is asked for is found by one after the other, each without what came before. */
interface Stage {
  /** What its hits match by: one of several says it itself. */
  matches: Matches;
  find: (behind: Place, limit: number) => Promise<(Hit & Partial<Pick<Place, "match" | "folded_name">>)[]>;
}

type Matches = readonly [SearchMatch, ...SearchMatch[]];
type Wanted = Awaited<ReturnType<typeof readWanted>>;

/** The first `limit` hits behind a place. */
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
  // It was like a word that is everywhere, as `thee` is.
  if (meant.words.length === 0) return { hits: [], corrected: null };
  const hits = await findThrough(stagesOf(db, meant, { sort: asked.sort, matches: ["similar"] }), asked);
  return { hits, corrected: hits.length > 0 ? corrected : null };
}

const always = sql`true`;

/** As names are written: one space between words. Of spaces alone one is left, with which no name begins. */
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

/** Without a text: all apps, or those of a category, of a tag or of both, by time. */
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
 * The best first: what is named so, what has all the words, what begins so. One or two characters are the
 * beginning of a name first, and a word second.
 */
function matchesOf({ folded, words }: Wanted): Matches {
  if (words.length === 0) return ["exact", "prefix"];
  return /^.{1,2}$/u.test(folded) ? ["exact", "prefix", "text"] : ["exact", "text", "prefix"];
}

/** By relevance one after the other, each without what came before; by time all at once. */
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

/** Of what matches so, that which does not match in one of the ways before it. */
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

/** All that matches so. */
function appsOf(wanted: Wanted, match: SearchMatch): Sql {
  if (match === "exact") return exactApps(wanted.folded, filterOf(wanted));
  if (match === "prefix") return appsBeginning(wanted.folded, filterOf(wanted));
  return appsWithWords(wordingOf(wanted));
}

/** Whether an app matches so, within the filters. */
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

/** The text with each unknown word replaced by one that is like it; null when one has none. */
async function correct(db: Queryable, text: string): Promise<string | null> {
  const words = await findCorrections(db, text);
  const isOther = words.some(({ given, word }) => given !== word);
  return isOther && words.every(({ word }) => word !== null) ? words.map(({ word }) => word).join(" ") : null;
}

/** As `tsquery` reads it: all of them, each between quotes, in which quotes and backslashes are doubled. */
function queryOf(lexemes: readonly string[]): string {
  return lexemes.map((lexeme) => `'${lexeme.replaceAll(/['\\]/g, "$&$&")}'`).join(" & ");
}
