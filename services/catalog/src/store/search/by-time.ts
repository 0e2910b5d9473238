import { many, type Queryable, type Sql, sql } from "@mosis/postgres";
import { SearchMatch } from "@mosis/types/search";
import Type from "typebox";
import { beginsWith, type Bounds, candidatesMax, Hit, hitColumns, isExact } from "./queries.ts";

/** The way in which apps match, and these apps with their ranks: the best first, by rank and number. */
export interface Source {
  match: SearchMatch;
  apps: Sql;
}

const TimedHit = Type.Object({ ...Hit.properties, match: SearchMatch });

export function exactApps(folded: string, where: Sql): Sql {
  return sql`
    select app_no, 0 as rank from published_apps shown
    where ${isExact(folded)} and ${where}
    limit ${candidatesMax}`;
}

/** Apps in the order of their names, of which the first has the greatest rank. */
export function appsBeginning(folded: string, where: Sql): Sql {
  return sql`
    select app_no, -(row_number() over (order by folded_name, app_no))::integer as rank
    from published_apps shown
    where ${beginsWith(folded)} and ${where}
    order by folded_name, app_no
    limit ${candidatesMax}`;
}

/**
 * Returns the apps that were last updated or published, among the best by relevance, so that apps that hardly
 * match do not come up. An app counts for the first source that has it. Apps of an earlier source are better.
 */
export function findByTime(
  db: Queryable,
  { sources, order }: { sources: readonly Source[]; order: "updated" | "new" },
  { behind, limit }: Pick<Bounds, "behind" | "limit">,
) {
  const time = order === "updated" ? sql`updated_at` : sql`published_at`;
  // The rank is seconds since 2020, as in the ranks of terms.
  const rank = sql`(extract(epoch from ${time}) - 1577836800)::integer`;
  const matches = sources.map(({ match }) => match);
  const found = sources
    .map(
      ({ apps }, place) =>
        sql`(select app_no, rank as fit, ${place + 1}::integer as place from (${apps}) apps)`,
    )
    .reduce((before, next) => sql`${before} union all ${next}`);
  return many(
    db,
    TimedHit,
    sql`
      select ${hitColumns}, ${rank} as rank, app_no, (${matches}::text[])[place] as match
      from (select app_no, place
            from (select distinct on (app_no) app_no, place, fit from (${found}) found
                  order by app_no, place, fit desc) once
            order by place, fit desc, app_no desc
            limit ${candidatesMax}) candidates
           join published_apps shown using (app_no)
      where (${rank}, app_no) < (${behind.rank}::integer, ${behind.app_no}::integer)
      order by rank desc, app_no desc
      limit ${limit}`,
  );
}
