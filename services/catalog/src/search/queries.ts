import { many, one, type Queryable, type Sql, sql } from "@mosis/postgres";
import { ListedApp } from "@mosis/types/search";
import Type, { type Static } from "typebox";

// Everybody's to read: tables of what is published, and nothing else.

export const Hit = Type.Object({ ...ListedApp.properties, rank: Type.Integer(), app_no: Type.Integer() });
export type Hit = Static<typeof Hit>;

const NamedHit = Type.Object({ ...Hit.properties, lower_name: Type.String() });

/** Which hits of a source are wanted: from great to small by rank and then number. */
export interface Bounds {
  behind: { rank: number; app_no: number };
  limit: number;
  /** On `published_apps shown`. */
  where: Sql;
}

/** Most apps that are looked at for one page. */
export const candidatesMax = 1000;

export const hitColumns = sql`
  package_id, name, coalesce(left(description, 200), '') as summary, category, tags, published_at,
  updated_at`;

export const lowerName = sql`lower(shown.name) collate "C"`;

const WantedRow = Type.Object({
  lexemes: Type.Array(Type.String()),
  lower: Type.String(),
  filters: Type.Array(Type.String()),
});

/**
 * What a search asks for, in the words of the index: the lexemes of the text, which leave out words that are
 * everywhere, the text in lower case, and the terms of category and tag.
 */
export function readWanted(
  db: Queryable,
  { q, category, tag }: { q: string | null; category: string | null; tag: string | null },
) {
  return one(
    db,
    WantedRow,
    sql`
      select coalesce(tsvector_to_array(to_tsvector('english', ${q}::text)), '{}') as lexemes,
             lower(coalesce(${q}::text, '')) as lower,
             array_remove(array['c:' || lower(${category}::text), 't:' || lower(${tag}::text)], null)
               as filters`,
  );
}

export const isExact = (lower: string): Sql => sql`(${lowerName} = ${lower} or shown.package_id = ${lower})`;

/** A name has no greater character than the one behind the text. */
export const beginsWith = (lower: string): Sql =>
  sql`(${lowerName} >= ${lower} and ${lowerName} < ${endOf(lower)})`;

function endOf(lower: string): string {
  return `${lower}\u{10FFFF}`;
}

export const hasWords = (query: string): Sql => sql`shown.words @@ ${query}::tsquery`;

export function findExact(db: Queryable, lower: string, { behind, limit, where }: Bounds) {
  return many(
    db,
    Hit,
    sql`
      select ${hitColumns}, 0 as rank, app_no from published_apps shown
      where ${isExact(lower)} and app_no < ${behind.app_no} and ${where}
      order by app_no desc
      limit ${limit}`,
  );
}

/**
 * Names that begin with the text, in alphabetical order; all have the same rank. The range has one lower
 * bound: of two, PostgreSQL began at the pair, and read all names before the text (24 ms for `sk`).
 */
export function findBeginning(
  db: Queryable,
  lower: string,
  { after, limit, where }: { after: { lower_name: string; app_no: number }; limit: number; where: Sql },
) {
  return many(
    db,
    NamedHit,
    sql`
      select ${hitColumns}, 0 as rank, app_no, ${lowerName} as lower_name from published_apps shown
      where ${lowerName} < ${endOf(lower)}
        and (${lowerName}, app_no)
          > (greatest(${lower}, ${after.lower_name} collate "C"), ${after.app_no}::integer)
        and ${where}
      order by ${lowerName}, app_no
      limit ${limit}`,
  );
}

/** The apps of one term, the best first: the beginning of a range of an index, however many there are. */
export function findByTerm(db: Queryable, term: string, { behind, limit, where }: Bounds) {
  return many(
    db,
    Hit,
    sql`
      select ${hitColumns}, rank, app_no
      from (${bestOfTerm(term, isBehind(behind))}) best
           join published_apps shown using (app_no)
      where ${where}
      order by rank desc, app_no desc
      limit ${limit}`,
  );
}

/**
 * The apps of two terms of the same kind, by time. An app has the same rank in both, so both lists are read
 * in step and no further than the page: 1.4 ms for the largest category and the commonest tag of 40 000 apps,
 * where GIN read and sorted all that have both (13 ms).
 */
export function findByBothTerms(
  db: Queryable,
  [term, other]: readonly [string, string],
  { behind, limit }: Pick<Bounds, "behind" | "limit">,
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

/** What a text is looked for with, as `tsquery` reads it: a name has words alone, an app filters too. */
export interface Wording {
  words: string;
  /** Null: there are none. */
  filters: string | null;
}

/** The apps that have all words: those with them in the name, the shortest first, and then the others. */
export function findByWords(db: Queryable, wording: Wording, { behind, limit, where }: Bounds) {
  const isWanted = sql`(select count(*) from named where ${isBehind(behind)}) < ${limit}`;
  return many(
    db,
    Hit,
    sql`
      with page as (
        select app_no, rank from (${bestOfWords(wording, { where, isWanted })}) candidates
        where ${isBehind(behind)}
        order by rank desc, app_no desc
        limit ${limit}
      )
      select ${hitColumns}, rank, app_no from page join published_apps shown using (app_no)
      order by rank desc, app_no desc`,
  );
}

function isBehind({ rank, app_no }: Bounds["behind"]): Sql {
  return sql`(rank, app_no) < (${rank}::integer, ${app_no}::integer)`;
}

/** The best of one term, with their ranks. */
export function bestOfTerm(term: string, where: Sql): Sql {
  return sql`
    select rank, app_no from published_app_terms
    where term = ${term} and ${where}
    order by term desc, rank desc, app_no desc
    limit ${candidatesMax}`;
}

/**
 * Apps that have all words, with their ranks. `isWanted`: whether those without the words in the name are
 * looked for; `named` are known by then.
 */
export function bestOfWords(
  { words, filters }: Wording,
  { where, isWanted }: { where: Sql; isWanted: Sql },
): Sql {
  const isNamed = sql`name_words @@ ${words}::tsquery`;
  const isFiltered = filters === null ? sql`` : sql`and ${hasWords(filters)}`;
  const all = filters === null ? words : `${words} & ${filters}`;
  return sql`
    with named as materialized (
      select app_no, 2000 - length(name) as rank from published_apps shown
      where ${isNamed} ${isFiltered} and ${where}
      limit ${candidatesMax}
    ), others as (
      select app_no, 0 as rank from published_apps shown
      where ${hasWords(all)} and not ${isNamed} and ${where} and ${isWanted}
      limit ${candidatesMax}
    )
    select app_no, rank from named union all select app_no, rank from others`;
}
