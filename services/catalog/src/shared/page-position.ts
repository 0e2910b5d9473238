import { createCursors, pageOf, parse } from "@mosis/http";
import { exactTime, type Sql, sql } from "@mosis/postgres";
import { Uuid } from "@mosis/types/formats";
import { PageQuery } from "@mosis/types/pages";
import Type, { type Static } from "typebox";

/**
 * A time exactly as `exactTime` writes it. Cursors are not signed, and PostgreSQL calls some RFC 3339
 * times an error: year 0, and zones beyond 16 hours.
 */
export const ExactTime = Type.String({
  format: "date-time",
  pattern: String.raw`^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`,
});

/** Where a page of a list ended: creation time and id of its last row. Lists go from new to old. */
const Position = Type.Tuple([ExactTime, Uuid]);
type Position = Static<typeof Position>;

export interface PageRequest {
  limit: number;
  /** Null: from the beginning. */
  behind: Position | null;
}

/** Rows of a list carry this beside what is answered. */
export const positioned = { created_at_exact: Type.String() };

interface PositionedRow {
  id: string;
  created_at_exact: string;
}

/** Microseconds, as they are compared: `created_at` as we answer it has lost them. */
export const positionColumn = sql`created_at::text as created_at_exact`;

/**
 * The end of a list's statement, behind its `where`: one row more than asked for tells that there are more.
 */
export function pageClause({ limit, behind }: PageRequest): Sql {
  const [at, id] = behind ?? ["infinity", "ffffffff-ffff-ffff-ffff-ffffffffffff"];
  return sql`
    and (created_at, id) < (${at}::timestamptz, ${id}::uuid)
    order by created_at desc, id desc
    limit ${limit + 1}`;
}

/** Reads the query string of a list and makes its cursors. */
export function createPaging(list: string) {
  const cursors = createCursors(list, Position);
  return {
    read(query: unknown): PageRequest {
      const { limit = 50, cursor } = parse(PageQuery, query, "query");
      return { limit, behind: cursor === undefined ? null : cursors.decode(cursor) };
    },
    /**
     * @param rows up to one more than the page may have.
     * @param itemOf the row as it is answered.
     */
    answer<Row extends PositionedRow>(
      rows: Row[],
      { limit }: PageRequest,
      itemOf: (row: Row) => object = withoutPosition,
    ) {
      return pageOf(
        rows.map((row) => ({ item: itemOf(row), position: positionOf(row) })),
        limit,
        cursors,
      );
    },
  };
}

function withoutPosition({ created_at_exact: _position, ...item }: PositionedRow): object {
  return item;
}

function positionOf({ created_at_exact, id }: PositionedRow): Position {
  return [exactTime(created_at_exact), id];
}
