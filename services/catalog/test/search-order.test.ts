import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, sql } from "@mosis/postgres";
import { putApp } from "./published.ts";
import { everyPage, startStore } from "./searching.ts";

test("within a category or a tag, too, words in names come first, and none is left out", async (t) => {
  const { db, names } = await startStore(t);
  const games = { category: "games", tags: ["offline"] };
  await putApp(db, { ...games, package_id: "org.mosis.a", name: "Tiny Chess" });
  await putApp(db, { ...games, package_id: "org.mosis.b", name: "Chess for Kids and Parents" });
  await putApp(db, { ...games, package_id: "org.mosis.c", name: "Boards", description: "Go and chess." });
  await putApp(db, { package_id: "org.mosis.d", name: "Chess Clock", category: "tools" });
  await putApp(db, { ...games, package_id: "org.mosis.e", name: "Chess for Kids" });
  // More than are looked at for a page that have the word, but not in the name.
  await execute(
    db,
    sql`
      insert into apps (developer_id, package_id, name, description, category, tags, status)
      select developer_id, 'org.mosis.a' || n, 'Draughts', 'As chess.', 'games', '{offline}', 'published'
      from (select developer_id from apps limit 1) one, generate_series(1, 1200) n`,
  );
  const expected = ["text: Tiny Chess", "text: Chess for Kids", "text: Chess for Kids and Parents"];
  for (const filter of [{ category: "games" }, { tag: "offline" }, { category: "games", tag: "offline" }]) {
    const found = await names({ q: "chess", ...filter, limit: 3 });
    assert.deepEqual(found, expected, JSON.stringify(filter));
    assert.deepEqual(await names({ q: "kids chess", ...filter }), expected.slice(1));
    assert.deepEqual(await names({ q: "chass", ...filter, limit: 1 }), ["similar: Tiny Chess"]);
  }
});

test("in the order of time the same apps are found as by relevance, and match by the same", async (t) => {
  const { db, find } = await startStore(t);
  const names = [
    "Puzzle",
    "Tiny Puzzle",
    "Puzzler",
    "Go",
    "Golden Quest",
    "Let us go",
    "Puzz",
    "Of the Rings",
  ];
  for (const [n, name] of names.entries()) {
    await putApp(db, { package_id: `org.mosis.a${n}`, name, category: n < 4 ? "games" : "tools" });
  }
  const queries = ["puzz", "puzzle", "go", "org.mosis.a1", "pzzle", "tiny puzzle", "of", "g", "let go"];
  for (const query of [{}, { category: "games" }, { category: "tools" }]) {
    for (const q of queries) {
      const { data, corrected_q } = await find({ q, ...query });
      const expected = data.toSorted((a, b) => (a.package_id < b.package_id ? 1 : -1));
      for (const sort of ["new", "updated"]) {
        const page = { next_cursor: null, has_more: false };
        assert.deepEqual(await find({ q, sort, ...query }), { data: expected, page, corrected_q }, q);
      }
    }
  }
});

test("of more than 1000 those in the order of time are the best by relevance", async (t) => {
  const { db, find } = await startStore(t);
  await execute(db, sql`insert into developers (email, name) values ('many@mosis.test', 'Many')`);
  await execute(
    db,
    sql`
      insert into apps (developer_id, package_id, name, description, status, updated_at)
      select id, 'org.mosis.a' || n, 'Draughts', 'As chess for kids.', 'published', now() + interval '1 day'
      from developers, generate_series(1, 1200) n`,
  );
  await putApp(db, { package_id: "org.mosis.chess", name: "Chess" });
  await putApp(db, { package_id: "org.mosis.tiny", name: "Tiny Chess Kids" });
  for (const q of ["chess", "chess kids"]) {
    const hits = await everyPage(find, { q, sort: "new", limit: 100 });
    assert.deepEqual([hits.length, hits.at(-1)?.name], [1000, q === "chess" ? "Chess" : "Tiny Chess Kids"]);
  }
});

test("a category and a tag give all apps that have both, however few of the newest do", async (t) => {
  const { db, find } = await startStore(t);
  await execute(db, sql`insert into developers (email, name) values ('many@mosis.test', 'Many')`);
  // Those of the category came first, before more of the tag than are looked at for a page.
  await execute(
    db,
    sql`
      insert into apps (developer_id, package_id, name, category, tags, status, updated_at)
      select developers.id, 'org.mosis.a' || n, 'App ' || n, case when n <= 30 then 'food' else 'games' end,
             '{offline}', 'published', timestamptz '2026-01-01' + n * interval '1 minute'
      from developers, generate_series(1, 1200) n`,
  );
  for (const sort of ["updated", "new"]) {
    const hits = await everyPage(find, { category: "food", tag: "offline", sort, limit: 7 });
    const expected = Array.from({ length: 30 }, (_, n) => `App ${30 - n}`);
    assert.deepEqual(
      hits.map(({ name }) => name),
      expected,
      sort,
    );
  }
});
