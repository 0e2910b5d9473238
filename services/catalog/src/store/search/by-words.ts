import { many, type Queryable, type Sql, sql } from "@mosis/postgres";
import { beginning, bestOfTerm, type Bounds, candidatesMax, Hit, hitColumns, isBehind } from "./queries.ts";

// Finds all apps that have some words, within filters: first those with all words in the name, the shortest
// name first, then the others, the newest first. An app has one rank for its name and one for all its texts,
// the same for each word. So the lists of terms are read in step and no further than the page, and no page
// depends on the way in which it was found.

export interface Wording {
  /** The words as `tsquery` reads them. */
  query: string;
  /** The terms of words and filters, the rarest first. */
  terms: readonly [string, ...string[]];
  /** True when the apps of the first term are looked up in the other lists. */
  isLookedUp: boolean;
}

/**
 * The ranks of words anywhere in an app, and in its tags. Words in the name rank higher. The ranks are text
 * of the statement: for a bound value PostgreSQL expects no apps, and reads the second list again for each
 * app of the first (1.7 s instead of 0.3 ms).
 */
const anywhere = sql`1`;
const inTags = sql`1000`;
const nameRank = sql`(2000 - length(shown.name))`;

export async function findByWords(db: Queryable, wording: Wording, bounds: Bounds): Promise<Hit[]> {
  if (wording.terms.length === 1) return findByWord(db, wording, bounds);
  if (wording.isLookedUp) return findFew(db, wording, bounds);
  const { behind, limit } = bounds;
  const named = behind.rank > 1 ? await findNamed(db, wording, bounds) : [];
  if (named.length >= limit) return named;
  const from = behind.rank > 1 ? beginning : behind;
  const others = await findOthers(db, wording, { ...bounds, behind: from, limit: limit - named.length });
  return [...named, ...others];
}

/** Apps that have all words, with their ranks, to be sorted otherwise; more than are looked at for a page. */
export function appsWithWords(wording: Wording): Sql {
  if (wording.terms.length === 1) return bestOfTerm(wording.terms[0], { limit: entriesMax });
  if (wording.isLookedUp) return rankedFew(wording);
  return sql`
    (${namedInStep(wording, beginning)} limit ${candidatesMax})
    union all
    (${othersInStep(wording, beginning)} limit ${candidatesMax})`;
}

/** An app is in the list of a word up to three times: for its name, its tags and all its texts. */
const entriesMax = 3 * candidatesMax;

function findByWord(db: Queryable, { terms: [term], query }: Wording, { behind, limit, where }: Bounds) {
  return many(
    db,
    Hit,
    sql`
      select ${hitColumns}, rank, app_no
      from (${bestOfTerm(term, { behind, limit: entriesMax })}) best
           join published_apps shown using (app_no)
      where ${where}
        and (rank > ${inTags} or not ${isNamed(query)})
        and (rank > ${anywhere} or not shown.words @@ ${`${query}:B`}::tsquery)
      order by rank desc, app_no desc
      limit ${limit}`,
  );
}

function findNamed(db: Queryable, wording: Wording, { behind, limit, where }: Bounds) {
  return many(
    db,
    Hit,
    sql`
      select ${hitColumns}, rank, app_no
      from (${namedInStep(wording, behind)} limit ${entriesMax}) best
           join published_apps shown using (app_no)
      where ${where}
      order by rank desc, app_no desc
      limit ${limit}`,
  );
}

function findOthers(db: Queryable, wording: Wording, { behind, limit, where }: Bounds) {
  return many(
    db,
    Hit,
    sql`
      select ${hitColumns}, rank, app_no
      from (${othersInStep(wording, behind)} limit ${entriesMax}) best
           join published_apps shown using (app_no)
      where ${where} and not ${isNamed(wording.query)}
      order by app_no desc
      limit ${limit}`,
  );
}

/** Apps that have all terms with the rank of their name. */
function namedInStep({ terms }: Wording, behind: Bounds["behind"]): Sql {
  const lists = terms.map(
    (term) => sql`
      (select rank, app_no from published_app_terms
       where term = ${term} and rank > ${inTags} and ${isBehind(behind)})`,
  );
  return sql`
    select rank, app_no from ${inStep(lists, sql`(rank, app_no)`)}
    order by rank desc, app_no desc`;
}

/** Apps that have all terms anywhere, also those that have them in the name. */
function othersInStep({ terms }: Wording, { app_no }: Bounds["behind"]): Sql {
  const lists = terms.map(
    (term) => sql`
      (select app_no from published_app_terms
       where term = ${term} and rank = ${anywhere} and app_no < ${app_no}::integer)`,
  );
  return sql`
    select ${anywhere}::integer as rank, app_no from ${inStep(lists, sql`(app_no)`)}
    order by app_no desc`;
}

/** Joins lists in the same order. PostgreSQL merges them only as far as rows are read. */
function inStep(lists: readonly Sql[], columns: Sql): Sql {
  return lists
    .map((list, index) => sql`${list} ${listNames[index] ?? sql``}`)
    .reduce((joined, list) => sql`${joined} join ${list} using ${columns}`);
}

/** One name for each word and filter that a search may have. */
const listNames = [
  sql`list_1`,
  sql`list_2`,
  sql`list_3`,
  sql`list_4`,
  sql`list_5`,
  sql`list_6`,
  sql`list_7`,
  sql`list_8`,
  sql`list_9`,
  sql`list_10`,
];

function findFew(db: Queryable, wording: Wording, { behind, limit, where }: Bounds) {
  return many(
    db,
    Hit,
    sql`
      select ${hitColumns}, rank, app_no
      from (${rankedFew(wording)}) best join published_apps shown using (app_no)
      where ${isBehind(behind)} and ${where}
      order by rank desc, app_no desc
      limit ${limit}`,
  );
}

/** All apps of the rarest term that are also in the other lists. */
function rankedFew({ terms, query }: Wording): Sql {
  const [rarest, ...others] = terms.map(
    (term) => sql`select app_no from published_app_terms where term = ${term} and rank = ${anywhere}`,
  );
  const all = others.reduce(
    (found, other) => sql`${other} and app_no = any(array(${found}))`,
    rarest ?? sql``,
  );
  return sql`
    select app_no, case when ${isNamed(query)} then ${nameRank} else ${anywhere} end as rank
    from published_apps shown
    where app_no = any(array(${all}))`;
}

const isNamed = (query: string): Sql => sql`shown.name_words @@ ${query}::tsquery`;
