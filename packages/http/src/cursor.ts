import { createHash } from "node:crypto";
import type { Static, TSchema } from "typebox";
import { parse } from "./parse.ts";
import { problem } from "./problem.ts";
import { requireWellFormed } from "./well-formed.ts";

/** The cursors of one list: opaque text that holds the position of the last row of a page. */
export interface Cursors<Position> {
  encode(position: Position): string;
  /** @throws Problem `cursor_invalid` (400) when the text is not a cursor of this list. */
  decode(cursor: string): Position;
}

/**
 * Creates the cursors of a list. A cursor is not signed: it only says where to go on, and the query around it
 * decides who may see what. It is bound to its list, so that a cursor of another list is refused rather than
 * misread.
 * @param list Name of the list, e.g. `apps`.
 * @param position Schema of what the query needs to go on. It is checked at every use.
 */
export function createCursors<T extends TSchema>(list: string, position: T): Cursors<Static<T>> {
  const mark = createHash("sha256")
    .update(`${list} ${JSON.stringify(position)}`)
    .digest("base64url")
    .slice(0, 6);
  return {
    encode: (value) => mark + Buffer.from(JSON.stringify(value)).toString("base64url"),
    decode(cursor) {
      try {
        if (!cursor.startsWith(mark)) throw new Error("the cursor is of another list");
        const text = Buffer.from(cursor.slice(mark.length), "base64url").toString();
        const value: unknown = JSON.parse(text);
        requireWellFormed(value, text);
        return parse(position, value, "body");
      } catch (error) {
        const fix = "Take the cursor from page.next_cursor of this list, unchanged.";
        throw problem("cursor_invalid", fix, {
          errors: [
            { pointer: "/cursor", code: "cursor_invalid", message: "is not a cursor of this list", fix },
          ],
          cause: error,
        });
      }
    },
  };
}

/**
 * Returns the answer of a list.
 * @param rows Up to `limit + 1` rows. The extra row only shows that there are more.
 */
export function pageOf<Item, Position>(
  rows: { item: Item; position: Position }[],
  limit: number,
  cursors: Cursors<Position>,
): { data: Item[]; page: { next_cursor: string | null; has_more: boolean } } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return {
    data: shown.map(({ item }) => item),
    page: { next_cursor: hasMore ? cursors.encode(last.position) : null, has_more: hasMore },
  };
}
