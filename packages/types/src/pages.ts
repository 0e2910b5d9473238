import Type, { type TSchema } from "typebox";
import { Nullable } from "./formats.ts";

/**
 * Query string of every list: `limit` rows (1–100, default 50) after an opaque `cursor` of an earlier page.
 */
export const PageQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    cursor: Type.Optional(Type.String({ maxLength: 512 })),
  },
  { additionalProperties: false },
);

/** One page. `next_cursor` is null on the last page. */
export const Page = <T extends TSchema>(item: T) =>
  Type.Object({
    data: Type.Array(item),
    page: Type.Object({
      next_cursor: Nullable(Type.String()),
      has_more: Type.Boolean(),
    }),
  });
