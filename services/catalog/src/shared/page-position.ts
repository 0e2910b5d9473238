import { createCursors, pageOf, parse } from "@mosis/http";
import { exactTime, type Sql, sql } from "@mosis/postgres";
import { Uuid } from "@mosis/types/formats";
import { PageQuery } from "@mosis/types/pages";
import Type, { type Static } from "typebox";

/**
 * A time exactly as `exactTime` writes it. Cursors are not signed, and PostgreSQL refuses some RFC 3339
 * times: year 0, and zones beyond 16 hours.
 */
export const ExactTime = Type.String({
  format: "date-time",
  pattern: String.raw`^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`,
});

/** The end of a page: creation time and id of its last row. Lists go from new to old. */
const Position = Type.Tuple([ExactTime, Uuid]);
type Position = Static<typeof Position>;

export interface PageRequest {
  limit: number;
  /** The last row of the previous page; null for the first page. */
  behind: Position | null;
}

/** The column that rows of a list have in addition to those that are answered. */
export const positioned = { created_at_exact: Type.String() };

interface PositionedRow {
  id: string;
  created_at_exact: string;
}

/** The creation time in microseconds, by which rows are compared. The answered `created_at` has lost them. */
export const positionColumn = sql`created_at::text as created_at_exact`;

/**
 * The end of a list's statement, after its `where`. It selects one row more than the page to see whether
 * another page follows.
 */
export function pageClause({ limit, behind }: PageRequest): Sql {
  const [at, id] = behind ?? ["infinity", "ffffffff-ffff-ffff-ffff-ffffffffffff"];
  return sql`
    and (created_at, id) < (${at}::timestamptz, ${id}::uuid)
    order by created_at desc, id desc
    limit ${limit + 1}`;
}

/** Creates the reader of a list's query string and the writer of its cursors. */
export function createPaging(list: string) {
  const cursors = createCursors(list, Position);
  return {
    read(query: unknown): PageRequest {
      const { limit = 50, cursor } = parse(PageQuery, query, "query");
      return { limit, behind: cursor === undefined ? null : cursors.decode(cursor) };
    },
    /**
     * @param rows up to one more than the page may have.
     * @param itemOf returns the row as it is answered.
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
