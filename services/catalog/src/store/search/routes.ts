import { createCursors, parse, sendPage, type RateLimits, createRouter } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { SearchMatch, type SearchPage, SearchQuery } from "@mosis/types/search";
import type { Router } from "express";
import Type from "typebox";
import { search } from "./search.ts";

/**
 * The number of hits that can be read. Nobody reads further, and every page costs the same.
 * @limit hits of a search
 */
const hitsMax = 1000;
/** The length of a folded name: it has 100 characters, and some of them are 18 when they are folded. */
const foldedMax = 1800;
const Number32 = Type.Integer({ minimum: -2_147_483_648, maximum: 2_147_483_647 });

const Position = Type.Object({
  match: SearchMatch,
  rank: Number32,
  app_no: Number32,
  folded_name: Type.String({ maxLength: foldedMax, pattern: "^[^\\u0000]*$" }),
  /** The number of hits up to here. */
  seen: Type.Integer({ minimum: 1, maximum: hitsMax }),
});
const cursors = createCursors("search", Position);

export function searchRoutes({ db, limits }: { db: Pool; limits: RateLimits }): Router {
  const router = createRouter();

  router.get("/v1/search/apps", async (req, res) => {
    limits.admitAnyone(req, res);
    const { cursor, limit = 50, ...asked } = parse(SearchQuery, req.query, "query");
    const behind = cursor === undefined ? null : cursors.decode(cursor);
    const { q = null, category = null, tag = null } = asked;
    const sort = asked.sort ?? (q === null ? "updated" : "relevance");
    const seen = behind?.seen ?? 0;
    const room = Math.min(limit, hitsMax - seen);

    const { hits, corrected } = await search(db, { q, category, tag, sort, behind, limit: room + 1 });

    const shown = hits.slice(0, room);
    const last = shown.at(-1);
    const hasMore = hits.length > room && last !== undefined && seen + room < hitsMax;
    const next = hasMore ? cursors.encode({ ...last.place, seen: seen + shown.length }) : null;
    sendPage(res.set("Cache-Control", "public, max-age=60"), {
      data: shown.map(({ app, place: { match } }) => ({ ...app, match })),
      page: { next_cursor: next, has_more: hasMore },
      corrected_q: corrected,
    } satisfies SearchPage);
  });

  return router;
}
