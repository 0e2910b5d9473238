import Type, { type Static } from "typebox";
import { Label, Nullable, Timestamp } from "./formats.ts";
import { PageQuery } from "./pages.ts";

/** By how well it fits; by when its latest version came out; by when the app came into the store. */
export const SearchSort = Type.Enum(["relevance", "updated", "new"]);
export type SearchSort = Static<typeof SearchSort>;

/**
 * Query string of `GET /v1/search/apps`. Without `q`: everything of the category and the tag, newest update
 * first. Category and tag are compared whole. All three are compared as people type: without differences of
 * case, accents, width and composition.
 */
export const SearchQuery = Type.Object(
  {
    ...PageQuery.properties,
    /**
     * Words of a name, a package id, a tag or a description, or a part of one in scripts without spaces; one
     * or two characters begin a name.
     */
    q: Type.Optional(Label(100)),
    category: Type.Optional(Label(50)),
    tag: Type.Optional(Label(50)),
    sort: Type.Optional(SearchSort),
  },
  { additionalProperties: false },
);

/**
 * Why an app is there. `exact`: its name or package id is `q`; `text`: all words of `q` are in it; `prefix`:
 * its name begins with `q`; `similar`: as `text`, of words that are like those of `q`; `listed`: nothing was
 * searched for. May gain values.
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
 * One page. `corrected_q` is what was searched for instead of `q`, when nothing matched that and words like
 * it are there; null otherwise. A search has up to 1000 hits.
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
