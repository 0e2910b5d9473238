import type { Queryable, Sql } from "@mosis/postgres";
import { sql } from "@mosis/postgres";
import type { ListedApp, SearchMatch, SearchSort } from "@mosis/types/search";
import { appsBeginning, appsWithWords, exactApps, findByTime } from "./by-time.ts";
import { findCorrections } from "./corrections.ts";
import {
  beginsWith,
  bestOfTerm,
  findBeginning,
  findByBothTerms,
  findByTerm,
  findByWords,
  findExact,
  hasWords,
  type Hit,
  isExact,
  readWanted,
  type Wording,
} from "./queries.ts";

/** Where a page ended: at a hit of one of the stages. */
interface Place {
  match: SearchMatch;
  rank: number;
  app_no: number;
  /** Of a hit by the beginning of its name, which are in the order of names. */
  lower_name: string;
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
  find: (behind: Place, limit: number) => Promise<(Hit & Partial<Pick<Place, "match" | "lower_name">>)[]>;
}

type Matches = readonly [SearchMatch, ...SearchMatch[]];
type Wanted = Awaited<ReturnType<typeof readWanted>>;

/** The first `limit` hits behind a place. */
export async function search(db: Queryable, asked: Search): Promise<Found> {
  const { behind } = asked;
  const q = asked.q === null ? null : withSingleSpaces(asked.q);
  const wanted = await understand(db, { ...asked, q });
  if (q === null) return { hits: await findThrough([listing(db, wanted, asked)], asked), corrected: null };

  if (behind?.match !== "similar") {
    const hits = await findBest(db, wanted, asked);
    if (hits.length > 0) return { hits, corrected: null };
    // A part of a package id reads like a host, which is one word; the index has the words of the id.
    const parts = q.replaceAll(/[._]+/gu, " ").trim();
    const inParts =
      parts === "" || parts === q
        ? []
        : await findBest(db, await understand(db, { ...asked, q: parts }), asked);
    if (inParts.length > 0 || behind !== null) return { hits: inParts, corrected: null };
  }
  const corrected = await correct(db, wanted.lower);
  if (corrected === null) return { hits: [], corrected: null };
  const meant = { ...(await understand(db, { ...asked, q: corrected })), filters: wanted.filters };
  // It was like a word that is everywhere, as `thee` is.
  if (meant.lexemes.length === 0) return { hits: [], corrected: null };
  const hits = await findThrough(stagesOf(db, meant, { sort: asked.sort, matches: ["similar"] }), asked);
  return { hits, corrected: hits.length > 0 ? corrected : null };
}

const always = sql`true`;
const beginning = { rank: 2_147_483_647, app_no: 2_147_483_647, lower_name: "" };
/** So that what one asks for is a few ranges of an index, however long it is. */
const wordsMax = 8;

/** As names are written: one space between words. Of spaces alone one is left, with which no name begins. */
function withSingleSpaces(q: string): string {
  return q.trim().replaceAll(/\s+/gu, " ") || " ";
}

function findBest(db: Queryable, wanted: Wanted, asked: Search): Promise<Found["hits"]> {
  return findThrough(stagesOf(db, wanted, { sort: asked.sort, matches: matchesOf(wanted) }), asked);
}

async function understand(db: Queryable, asked: Pick<Search, "q" | "category" | "tag">): Promise<Wanted> {
  const wanted = await readWanted(db, asked);
  return { ...wanted, lexemes: wanted.lexemes.slice(0, wordsMax) };
}

async function findThrough(
  stages: readonly Stage[],
  { behind, limit }: Pick<Search, "behind" | "limit">,
): Promise<Found["hits"]> {
  const from = behind === null ? 0 : stages.findIndex(({ matches }) => matches.includes(behind.match));
  const hits: Found["hits"] = [];
  for (const [index, { matches, find }] of stages.slice(from).entries()) {
    const [only] = matches;
    const start = behind !== null && index === 0 ? behind : { ...beginning, match: only };
    const rows = await find(start, limit - hits.length);
    for (const { match = only, rank, app_no, lower_name = "", ...app } of rows) {
      hits.push({ app, place: { match, rank, app_no, lower_name } });
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
        ? findByTerm(db, term, { behind, limit, where: always })
        : findByBothTerms(db, [term, other], { behind, limit }),
  };
}

/**
 * The best first: what is named so, what has all the words, what begins so. One or two characters are the
 * beginning of a name first, and a word second.
 */
function matchesOf({ lower, lexemes }: Wanted): Matches {
  if (lexemes.length === 0) return ["exact", "prefix"];
  return /^.{1,2}$/u.test(lower) ? ["exact", "prefix", "text"] : ["exact", "text", "prefix"];
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
  const { lower } = wanted;
  const isNew = before.reduce((all, earlier) => sql`${all} and not ${earlier}`, always);
  const where = sql`${filterOf(wanted)} and ${isNew}`;
  if (match === "exact") return findExact(db, lower, { behind, limit, where });
  if (match === "prefix") return findBeginning(db, lower, { after: behind, limit, where });
  const term = onlyTerm(wanted);
  return term === null
    ? findByWords(db, wordingOf(wanted), { behind, limit, where: isNew })
    : findByTerm(db, term, { behind, limit, where: isNew });
}

/** All that matches so. */
function appsOf(wanted: Wanted, match: SearchMatch): Sql {
  if (match === "exact") return exactApps(wanted.lower, filterOf(wanted));
  if (match === "prefix") return appsBeginning(wanted.lower, filterOf(wanted));
  const term = onlyTerm(wanted);
  return term === null ? appsWithWords(wordingOf(wanted)) : bestOfTerm(term, always);
}

/** Whether an app matches so, within the filters. */
function hasMatch({ lower, lexemes }: Wanted, match: SearchMatch): Sql {
  if (match === "exact") return isExact(lower);
  return match === "prefix" ? beginsWith(lower) : hasWords(queryOf(lexemes));
}

/** The list that has one word and no filter; null for anything else, which is looked for in all apps. */
function onlyTerm({ lexemes, filters }: Wanted): string | null {
  return lexemes.length === 1 && filters.length === 0 ? `w:${lexemes[0]}` : null;
}

function wordingOf({ lexemes, filters }: Wanted): Wording {
  return { words: queryOf(lexemes), filters: filters.length > 0 ? queryOf(filters) : null };
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
