import { many, one, type Queryable, type Sql, sql } from "@mosis/postgres";
import { ListedApp } from "@mosis/types/search";
import Type, { type Static } from "typebox";

// These queries read only tables of published apps, which everybody may read.

export const Hit = Type.Object({ ...ListedApp.properties, rank: Type.Integer(), app_no: Type.Integer() });
export type Hit = Static<typeof Hit>;

const NamedHit = Type.Object({ ...Hit.properties, folded_name: Type.String() });

/** The wanted part of a source's hits, which go from great to small by rank and then number. */
export interface Bounds {
  behind: { rank: number; app_no: number };
  limit: number;
  /** A condition on `published_apps shown`. */
  where: Sql;
}

/** The largest number of apps that are looked at for one page. */
export const candidatesMax = 1000;
/**
 * The number of words that are used, so that a search reads a few ranges of an index, however long it is.
 * @limit words of a search that are looked for
 */
const wordsMax = 8;

/** A place before all hits. */
export const beginning = { rank: 2_147_483_647, app_no: 2_147_483_647 };

export const hitColumns = sql`
  package_id, name, coalesce(left(description, 200), '') as summary, category, tags, published_at,
  updated_at`;

const WantedRow = Type.Object({
  words: Type.Array(Type.String()),
  folded: Type.String(),
  spelled: Type.String(),
  filters: Type.Array(Type.String()),
  sampled: Type.Array(Type.Integer()),
  apps: Type.Integer(),
});

/**
 * Returns a search in the words of the index: the lexemes of the text without words that are everywhere, the
 * text folded, the text as spelled in lower case, and the filters of category and tag. Returns also the
 * number of apps of a sample that have each word and then each filter, and the number of all apps by the
 * statistics of PostgreSQL.
 */
export function readWanted(
  db: Queryable,
  { q, category, tag }: { q: string | null; category: string | null; tag: string | null },
) {
  return one(
    db,
    WantedRow,
    sql`
      select words, folded, spelled, filters,
             array(select (select count(*) from published_app_terms
                           where term = 'w:' || lexeme and rank = 1 and app_no % 64 = 0)::integer
                   from unnest(words || filters) with ordinality lexemes (lexeme, place)
                   order by place) as sampled,
             (select greatest(reltuples, 0)::integer from pg_class
              where oid = 'published_apps'::regclass) as apps
      from (select array(select lexeme from unnest(search_words(q, false)) order by positions[1]
                         limit ${wordsMax}) as words,
                   search_name(q) as folded, lower(normalize(q)) as spelled,
                   array_remove(array['c:' || search_name(${category}::text),
                                      't:' || search_name(${tag}::text)], null) as filters
            from (select coalesce(${q}::text, '') as q) given
            offset 0) asked`,
  );
}

/** The number of apps for each one in the sample of `readWanted` (index `published_app_terms_sample`). */
export const appsOfSampled = 64;

export const isExact = (folded: string): Sql =>
  sql`(shown.folded_name = ${folded} or shown.package_id = ${folded})`;

/** The condition of names that begin with the text. The end of the range has the greatest character. */
export const beginsWith = (folded: string): Sql =>
  sql`(shown.folded_name >= ${folded} and shown.folded_name < ${endOf(folded)})`;

function endOf(folded: string): string {
  return `${folded}\u{10FFFF}`;
}

export const hasWords = (query: string): Sql => sql`shown.words @@ ${query}::tsquery`;

/** Returns apps with this name or package id; those that are spelled like the text come first. */
export function findExact(
  db: Queryable,
  { folded, spelled }: { folded: string; spelled: string },
  { behind, limit, where }: Bounds,
) {
  return many(
    db,
    Hit,
    sql`
      select package_id, name, summary, category, tags, published_at, updated_at, rank, app_no
      from (select ${hitColumns}, app_no, (lower(normalize(name)) = ${spelled})::integer as rank
            from published_apps shown
            where ${isExact(folded)} and ${where}) named
      where ${isBehind(behind)}
      order by rank desc, app_no desc
      limit ${limit}`,
  );
}

/**
 * Returns apps whose names begin with the text, in alphabetical order; all have the same rank. The range has
 * one lower bound: with two, PostgreSQL began at the pair and read all names before the text (24 ms for
 * `sk`).
 */
export function findBeginning(
  db: Queryable,
  folded: string,
  { after, limit, where }: { after: { folded_name: string; app_no: number }; limit: number; where: Sql },
) {
  return many(
    db,
    NamedHit,
    sql`
      select ${hitColumns}, 0 as rank, app_no, folded_name from published_apps shown
      where folded_name < ${endOf(folded)}
        and (folded_name, app_no)
          > (greatest(${folded}, ${after.folded_name} collate "C"), ${after.app_no}::integer)
        and ${where}
      order by folded_name, app_no
      limit ${limit}`,
  );
}

/** Returns the apps of one term, the best first. They begin a range of an index, however many there are. */
export function findByTerm(db: Queryable, term: string, { behind, limit }: Omit<Bounds, "where">) {
  return many(
    db,
    Hit,
    sql`
      select ${hitColumns}, rank, app_no
      from (${bestOfTerm(term, { behind, limit })}) best join published_apps shown using (app_no)
      order by rank desc, app_no desc`,
  );
}

/**
 * Returns the apps of two terms of the same kind, by time. An app has the same rank in both, so both lists
 * are read in step and no further than the page: 1.4 ms for the largest category and the commonest tag of
 * 40 000 apps, where GIN read and sorted all that have both (13 ms).
 */
export function findByBothTerms(
  db: Queryable,
  [term, other]: readonly [string, string],
  { behind, limit }: Omit<Bounds, "where">,
) {
  return many(
    db,
    Hit,
    sql`
      select ${hitColumns}, rank, app_no
      from (select rank, app_no
            from (select rank, app_no from published_app_terms where term = ${term}) one
                 join (select rank, app_no from published_app_terms where term = ${other}) two
                 using (rank, app_no)
            where ${isBehind(behind)}
            order by rank desc, app_no desc
            limit ${limit}) best
           join published_apps shown using (app_no)
      order by rank desc, app_no desc`,
  );
}

export function isBehind({ rank, app_no }: Bounds["behind"]): Sql {
  return sql`(rank, app_no) < (${rank}::integer, ${app_no}::integer)`;
}

/** The best of one term, with their ranks. */
export function bestOfTerm(
  term: string,
  { behind = beginning, limit }: { behind?: Bounds["behind"]; limit: number },
): Sql {
  return sql`
    select rank, app_no from published_app_terms
    where term = ${term} and ${isBehind(behind)}
    order by term desc, rank desc, app_no desc
    limit ${limit}`;
}
