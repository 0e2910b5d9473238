import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { SearchPage } from "@mosis/types/search";
import { startCatalog } from "./support.ts";

type Query = Record<string, string | number>;

export async function startStore(t: TestContext) {
  const catalog = await startCatalog(t);
  const ask = (query: Query) =>
    catalog.anyone.get(`/v1/search/apps?${new URLSearchParams(query as Record<string, string>).toString()}`);
  const find = async (query: Query) => (await ask(query).expect(200)).body as SearchPage;
  const names = async (query: Query) =>
    (await find(query)).data.map(({ name, match }) => `${match}: ${name}`);
  return { ...catalog, ask, find, names };
}

/** Every page, and that no app is in two of them. */
export async function everyPage(
  find: (query: Query) => Promise<SearchPage>,
  query: Query,
): Promise<SearchPage["data"]> {
  const hits: SearchPage["data"] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const { data, page } = await find(cursor === "" ? query : { ...query, cursor });
    hits.push(...data);
    assert.ok(page.has_more === (page.next_cursor !== null) && hits.length <= 1000);
    cursor = page.next_cursor;
  }
  assert.equal(new Set(hits.map(({ package_id }) => package_id)).size, hits.length);
  return hits;
}
