import Type, { type Static } from "typebox";
import { Label, Nullable, Timestamp } from "./formats.ts";
import { PageQuery } from "./pages.ts";

/**
 * `relevance`: how well it fits; `updated`: when its latest version came out; `new`: when the app came into
 * the store.
 */
export const SearchSort = Type.Enum(["relevance", "updated", "new"]);
export type SearchSort = Static<typeof SearchSort>;

/**
 * Query string of `GET /v1/search/apps`. Without `q` it returns every app of the category and the tag, newest
 * update first. Category and tag must match whole. All three are compared as people type: differences of
 * case, accents, width and composition do not count.
 */
export const SearchQuery = Type.Object(
  {
    ...PageQuery.properties,
    /**
     * Words of a name, a package id, a tag or a description, or parts of them in scripts without spaces. One
     * or two characters match only the start of a name.
     */
    q: Type.Optional(Label(100)),
    category: Type.Optional(Label(50)),
    tag: Type.Optional(Label(50)),
    sort: Type.Optional(SearchSort),
  },
  { additionalProperties: false },
);

/**
 * The reason for a hit. `exact`: its name or package id is `q`; `text`: it has all words of `q`; `prefix`:
 * its name begins with `q`; `similar`: it has words like those of `q`; `listed`: there was no `q`. May gain
 * values.
 */
export const SearchMatch = Type.Enum(["exact", "text", "prefix", "similar", "listed"]);
export type SearchMatch = Static<typeof SearchMatch>;

/** A published app in a list. `summary` is the beginning of its description, up to 200 characters. */
export const ListedApp = Type.Object({
  package_id: Type.String(),
  name: Type.String(),
  summary: Type.String(),
  category: Nullable(Type.String()),
  tags: Type.Array(Type.String()),
  published_at: Timestamp,
  updated_at: Timestamp,
});

export type ListedApp = Static<typeof ListedApp>;

export const SearchHit = Type.Object({ ...ListedApp.properties, match: SearchMatch });

/**
 * One page of hits. `corrected_q` is the query that was searched instead of `q`, when `q` matched nothing and
 * similar words exist; null otherwise. A search returns at most 1000 hits.
 */
export const SearchPage = Type.Object({
  data: Type.Array(SearchHit),
  page: Type.Object({
    next_cursor: Nullable(Type.String()),
    has_more: Type.Boolean(),
  }),
  corrected_q: Nullable(Type.String()),
});
export type SearchPage = Static<typeof SearchPage>;
