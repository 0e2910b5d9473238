import type { Queryable, Sql } from "@mosis/postgres";
import { sql } from "@mosis/postgres";
import type { ListedApp, SearchMatch, SearchSort } from "@mosis/types/search";
import { findCorrections } from "./corrections.ts";
import {
  beginsWith,
  type Bounds,
  candidates,
  findBeginning,
  findByBothTerms,
  findByTerm,
  findByTime,
  findByWords,
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

/** A source of hits. What is asked for is found by one after the other, each without what came before. */
interface Stage {
  match: SearchMatch;
  find: (behind: Place, limit: number) => Promise<(Hit & { lower_name?: string })[]>;
}

type Wanted = Awaited<ReturnType<typeof readWanted>>;

/** The first `limit` hits behind a place. */
export async function search(db: Queryable, asked: Search): Promise<Found> {
  const { q, behind } = asked;
  const wanted = await readWanted(db, asked);
  if (q === null) return { hits: await findThrough([listing(db, wanted, asked)], asked), corrected: null };

  if (behind?.match !== "similar") {
    const hits = await findThrough(stagesOf(db, wanted, asked.sort), asked);
    if (hits.length > 0 || behind !== null) return { hits, corrected: null };
  }
  const corrected = await correct(db, wanted.lower);
  if (corrected === null) return { hits: [], corrected: null };
  const meant = { ...(await readWanted(db, { ...asked, q: corrected })), filters: wanted.filters };
  const hits = await findThrough(
    [textStage(db, meant, { ...asked, match: "similar", where: always })],
    asked,
  );
  return { hits, corrected: hits.length > 0 ? corrected : null };
}

const always = sql`true`;
const beginning = { rank: 2_147_483_647, app_no: 2_147_483_647, lower_name: "" };
/** So that what one asks for is a few ranges of an index, however long it is. */
const wordsMax = 8;

async function findThrough(
  stages: readonly Stage[],
  { behind, limit }: Pick<Search, "behind" | "limit">,
): Promise<Found["hits"]> {
  const from = behind === null ? 0 : stages.findIndex(({ match }) => match === behind.match);
  const hits: Found["hits"] = [];
  for (const [index, { match, find }] of stages.slice(from).entries()) {
    const start = behind !== null && index === 0 ? behind : { ...beginning, match };
    const rows = await find(start, limit - hits.length);
    for (const { rank, app_no, lower_name = "", ...app } of rows) {
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
    match: "listed",
    find: (behind, limit) =>
      other === undefined
        ? findByTerm(db, term, { behind, limit, where: always })
        : findByBothTerms(db, [term, other], { behind, limit }),
  };
}

/**
 * By relevance: what is named so, what has all the words, what begins so. One or two characters are the
 * beginning of a name first, and a word second.
 */
function stagesOf(db: Queryable, wanted: Wanted, sort: SearchSort): Stage[] {
  const { lower, lexemes, filters } = wanted;
  const hasText = lexemes.length > 0;
  const isShort = /^.{1,2}$/u.test(lower);
  const filter = filters.length > 0 ? hasWords(queryOf(filters)) : always;
  const notExact = sql`${filter} and not ${isExact(lower)}`;
  if (sort !== "relevance") {
    if (hasText && !isShort) return [textStage(db, wanted, { sort, match: "text", where: always })];
    const from = candidates.ofBeginning(lower);
    return [{ match: "prefix", find: byTime(db, { from, order: sort }, filter) }];
  }
  const exact: Stage = {
    match: "exact",
    find: (behind, limit) => findExact(db, lower, { behind, limit, where: filter }),
  };
  const prefix = (where: Sql): Stage => ({
    match: "prefix",
    find: (after, limit) => findBeginning(db, lower, { after, limit, where }),
  });
  const text = (where: Sql) => textStage(db, wanted, { sort, match: "text", where });
  if (!hasText) return [exact, prefix(notExact)];
  if (isShort)
    return [exact, prefix(notExact), text(sql`not ${isExact(lower)} and not ${beginsWith(lower)}`)];
  const notText = sql`${notExact} and not ${hasWords(queryOf(lexemes))}`;
  return [exact, text(sql`not ${isExact(lower)}`), prefix(notText)];
}

/** All words and filters, at most eight: of one word from its list, of several from where all of them are. */
function textStage(
  db: Queryable,
  { lexemes, filters }: Wanted,
  { sort, match, where }: { sort: SearchSort; match: SearchMatch; where: Sql },
): Stage {
  const words = lexemes.slice(0, wordsMax);
  const [word = ""] = words;
  const isOne = words.length === 1 && filters.length === 0;
  const wording = { words: queryOf(words), filters: filters.length > 0 ? queryOf(filters) : null };
  if (sort !== "relevance") {
    const from = isOne ? candidates.ofTerm(`w:${word}`) : candidates.ofWords(queryOf([...words, ...filters]));
    return { match, find: byTime(db, { from, order: sort }, where) };
  }
  return {
    match,
    find: (behind, limit) =>
      isOne
        ? findByTerm(db, `w:${word}`, { behind, limit, where })
        : findByWords(db, wording, { behind, limit, where }),
  };
}

function byTime(db: Queryable, source: Parameters<typeof findByTime>[1], where: Sql): Stage["find"] {
  return (behind, limit) => findByTime(db, source, { behind, limit, where } satisfies Bounds);
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
