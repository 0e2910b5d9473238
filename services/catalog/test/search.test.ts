import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, one, openSession, type Pool, sql } from "@mosis/postgres";
import fc from "fast-check";
import Type from "typebox";
import { planSeed, seedCatalog } from "../../../infra/local/seed/seed-catalog.ts";
import { putApp } from "./published.ts";
import { everyPage, startStore } from "./searching.ts";
import { assertProblem, log, patience } from "./support.ts";

test("the exact name comes first, then words in names, tags and descriptions, then beginnings", async (t) => {
  const { db, names } = await startStore(t);
  await putApp(db, { package_id: "org.mosis.a", name: "Chess" });
  await putApp(db, { package_id: "org.mosis.b", name: "Chess for Kids and Parents" });
  await putApp(db, { package_id: "org.mosis.c", name: "Tiny Chess" });
  await putApp(db, { package_id: "org.mosis.d", name: "Knights", tags: ["chess"] });
  await putApp(db, { package_id: "org.mosis.e", name: "Boards", description: "Go, draughts and chess." });
  await putApp(db, { package_id: "org.mosis.f", name: "Chessboard Maker" });
  await putApp(db, { package_id: "org.chess.g", name: "Gambit" });
  assert.deepEqual(await names({ q: "chess" }), [
    "exact: Chess",
    "text: Gambit",
    "text: Tiny Chess",
    "text: Chess for Kids and Parents",
    "text: Knights",
    "text: Boards",
    "prefix: Chessboard Maker",
  ]);
  assert.deepEqual(await names({ q: "ORG.MOSIS.C" }), ["exact: Tiny Chess"]);
  assert.deepEqual(await names({ q: "chess kids" }), ["text: Chess for Kids and Parents"]);
  assert.deepEqual(await names({ q: "chess checkers" }), [], "all words, or none");
});

test("what is misspelt is found by the words that are most like it, and says what they are", async (t) => {
  const { db, find, names } = await startStore(t);
  await putApp(db, { package_id: "org.mosis.a", name: "Happy Notes" });
  await putApp(db, { package_id: "org.mosis.b", name: "Sad Notes" });
  await putApp(db, { package_id: "org.mosis.c", name: "Sudoku", tags: ["puzzle"] });
  const found = await find({ q: "hapy nots" });
  assert.deepEqual(
    [found.corrected_q, found.data.map(({ name, match }) => [name, match])],
    ["happy notes", [["Happy Notes", "similar"]]],
  );
  assert.deepEqual(await names({ q: "puzle" }), ["similar: Sudoku"]);
  assert.deepEqual(await names({ q: "notse" }), ["similar: Sad Notes", "similar: Happy Notes"]);
  // What is right stays as it is, and what is like nothing finds nothing.
  assert.equal((await find({ q: "sad nots" })).corrected_q, "sad notes");
  assert.deepEqual(await find({ q: "xqzw" }), {
    data: [],
    page: { next_cursor: null, has_more: false },
    corrected_q: null,
  });
  assert.equal((await find({ q: "notes" })).corrected_q, null);
});

// Of such a text as it is, PostgreSQL's parser makes more work than a statement may take.
test("a description of what might be addresses and paths is indexed like any other", async (t) => {
  const { db, names } = await startStore(t);
  const worst = ["a1@", "@1e", "a_", "_1a", "~/", "./"];
  for (const [index, piece] of worst.entries()) {
    const description = `${piece.repeat(9900 / piece.length)} chess by ada_l@example.org`;
    await putApp(db, { package_id: `org.mosis.n${index}`, name: `Board ${index}`, description });
  }
  assert.equal((await names({ q: "chess ada" })).length, worst.length);
});

test("spaces around a text say nothing, and a part of a package id is its words", async (t) => {
  const { db, find, names } = await startStore(t);
  for (const id of ["org.mosis.garden_kingdom", "org.mosis.sub.kingdom"]) {
    await putApp(db, { package_id: id, name: "Tiny Chess" });
  }
  for (const q of [" tiny chess", "tiny chess  ", "Tiny  Chess"]) {
    assert.deepEqual(await names({ q }), ["exact: Tiny Chess", "exact: Tiny Chess"], q);
  }
  assert.deepEqual(await names({ q: "   " }), []);
  assert.deepEqual(await names({ q: "mosis.garden_kingdom" }), ["text: Tiny Chess"]);
  assert.deepEqual(await names({ q: "mosis.sub", sort: "new" }), ["text: Tiny Chess"]);
  const pages = await everyPage(find, { q: "mosis.kingdom", limit: 1 });
  assert.deepEqual(
    pages.map(({ match }) => match),
    ["text", "text"],
  );
});

test("one or two characters begin a name, as do words that are everywhere", async (t) => {
  const { db, names } = await startStore(t);
  await putApp(db, { package_id: "org.mosis.a", name: "Go" });
  await putApp(db, { package_id: "org.mosis.b", name: "Golden Quest" });
  await putApp(db, { package_id: "org.mosis.c", name: "Chess 2" });
  await putApp(db, { package_id: "org.mosis.d", name: "The Game" });
  await putApp(db, { package_id: "org.mosis.e", name: "Über uns" });
  assert.deepEqual(await names({ q: "g" }), ["prefix: Go", "prefix: Golden Quest"]);
  assert.deepEqual(await names({ q: "GO" }), ["exact: Go", "prefix: Golden Quest"]);
  assert.deepEqual(await names({ q: "2" }), ["text: Chess 2"]);
  assert.deepEqual(await names({ q: "the" }), ["prefix: The Game"]);
  assert.deepEqual(await names({ q: "thee", category: "games" }), []);
  assert.deepEqual(await names({ q: "üb" }), ["prefix: Über uns"]);
  assert.deepEqual(await names({ q: "go", sort: "new" }), ["prefix: Golden Quest", "exact: Go"]);
});

test("categories and tags narrow a search, and are lists of their own", async (t) => {
  const { db, names } = await startStore(t);
  await putApp(db, {
    package_id: "org.mosis.a",
    name: "Chess",
    category: "games",
    tags: ["Board", "offline"],
  });
  await putApp(db, { package_id: "org.mosis.b", name: "Chess Clock", category: "tools", tags: ["board"] });
  await putApp(db, { package_id: "org.mosis.c", name: "Go", category: "games", tags: [] });
  assert.deepEqual(await names({}), ["listed: Go", "listed: Chess Clock", "listed: Chess"]);
  assert.deepEqual(await names({ category: "Games" }), ["listed: Go", "listed: Chess"]);
  assert.deepEqual(await names({ tag: "board", sort: "new" }), ["listed: Chess Clock", "listed: Chess"]);
  assert.deepEqual(await names({ tag: "board", category: "games" }), ["listed: Chess"]);
  assert.deepEqual(await names({ q: "chess", category: "tools" }), ["text: Chess Clock"]);
  assert.deepEqual(await names({ q: "chess", tag: "offline" }), ["exact: Chess"]);
  assert.deepEqual(await names({ q: "ches", tag: "nothing" }), []);
  assert.deepEqual(await names({ tag: "it's \\ 'quoted'" }), []);
});

// INVARIANT 27
test("drafts and suspended apps are found by nothing, and what is changed is found as it is", async (t) => {
  const { db, names } = await startStore(t);
  await putApp(db, { package_id: "org.mosis.a", name: "Secret Draft", status: "draft" });
  await putApp(db, { package_id: "org.mosis.b", name: "Bad App", status: "suspended" });
  const id = await putApp(db, { package_id: "org.mosis.c", name: "Old Name", tags: ["old"] });
  const queries = ["secret", "secret draft", "sec", "secrit", "bad app", "org.mosis.a", "s"];
  for (const q of queries) assert.deepEqual(await names({ q }), [], q);

  await execute(db, sql`update apps set name = 'New Title', tags = '{fresh}' where id = ${id}`);
  assert.deepEqual(await names({ q: "old" }), []);
  assert.deepEqual(await names({ tag: "old" }), []);
  assert.deepEqual(await names({ q: "titel" }), ["similar: New Title"]);
  assert.deepEqual(await names({ tag: "fresh" }), ["listed: New Title"]);
  await execute(db, sql`update apps set status = 'suspended', suspended_by = 'admin' where id = ${id}`);
  for (const query of [{ q: "title" }, { q: "new title" }, { q: "n" }, { tag: "fresh" }, {}]) {
    assert.deepEqual(await names(query), []);
  }
  await execute(db, sql`update apps set status = 'published', suspended_by = null where id = ${id}`);
  assert.deepEqual(await names({ q: "title" }), ["text: New Title"]);
  await execute(db, sql`delete from apps`);
  const rows = await many(db, Type.Object({}), sql`select from published_app_terms`);
  assert.deepEqual([await names({}), rows], [[], []]);
});

test("pages go on where the last one ended, through every kind of match, up to 1000 hits", async (t) => {
  const { db, databaseUrl, find } = await startStore(t);
  const bounds = { ...patience, statementTimeoutMs: 60_000 };
  const session = await openSession({ url: databaseUrl, name: "seed", log, ...bounds });
  await seedCatalog(session, planSeed(3, { developers: 200, apps: 2500, versions: 5000, keys: 10 }));
  await session.close();
  for (const q of ["app", "free offline", "g", "qu", "pzzle", "happy notes", "tiny"]) {
    for (const sort of ["relevance", "updated", "new"]) {
      const whole = await everyPage(find, { q, sort, limit: 100 });
      const small = await everyPage(find, { q, sort, limit: 7 });
      assert.ok(whole.length > 0, `${q} ${sort}`);
      assert.deepEqual(small, whole, `${q} ${sort}`);
    }
  }
  await t.test("and of several words every app that has them is found, however common they are", () =>
    assertComplete(db, find),
  );
  const all = await everyPage(find, { sort: "updated", limit: 100 });
  const { n } = await one(
    db,
    Type.Object({ n: Type.Integer() }),
    sql`select count(*) as n from apps where status = 'published'`,
  );
  assert.ok(n > 1000 && all.length === 1000);
  const times = all.map(({ updated_at }) => updated_at);
  assert.deepEqual(times, times.toSorted().toReversed());
});

/** Those with the words in the name first, the shortest before, and then the newest, by a scan. */
async function assertComplete(db: Pool, find: Parameters<typeof everyPage>[0]): Promise<void> {
  const filters = [{}, { category: "games" }, { tag: "offline" }, { category: "games", tag: "offline" }];
  const texts = ["offline free", "free multiplayer offline", "tiny quest", "garden offline", "puzzle"];
  const isCommon: boolean[] = [];
  for (const q of texts) {
    for (const { category = null, tag = null } of filters as { category?: string; tag?: string }[]) {
      if (q === "puzzle" && category === null && tag === null) continue;
      const filter = array(category && `c:${category}`, tag && `t:${tag}`);
      const expected = await many(
        db,
        Type.Object({ package_id: Type.String() }),
        sql`
          select package_id from published_apps, plainto_tsquery('english', ${q}) asked
          where words @@ asked and tsvector_to_array(words) @> ${filter}::text[]
          order by name_words @@ asked desc, case when name_words @@ asked then length(name) end, app_no desc
          limit 1000`,
      );
      const query = { q, ...(category && { category }), ...(tag && { tag }) };
      const found = await everyPage(find, { ...query, limit: 23 });
      assert.deepEqual(
        found.filter(({ match }) => match === "text").map(({ package_id }) => package_id),
        expected.map(({ package_id }) => package_id),
        JSON.stringify(query),
      );
      isCommon.push(expected.length > 100);
    }
  }
  assert.ok(isCommon.includes(true) && isCommon.includes(false));
}

function array(...values: (string | null)[]): string[] {
  return values.filter((value) => value !== null);
}

test("cursors of elsewhere and unknown fields are refused, and no text is an error of ours", async (t) => {
  const { db, ask } = await startStore(t);
  await putApp(db, { package_id: "org.mosis.a", name: "Chess" });
  assertProblem(await ask({ q: "chess", cursor: "eyJh" }), "cursor_invalid");
  assertProblem(await ask({ q: "chess", page: 2 }), "invalid_request");
  assertProblem(await ask({ q: "" }), "invalid_request");
  assertProblem(await ask({ q: "x".repeat(101) }), "invalid_request");
  assertProblem(await ask({ q: "a\0b" }), "invalid_request");
  const nasty = fc.stringMatching(/^['"\\&|!()<>:*%_ a-zß日-]{1,40}$/);
  const anyText = fc.oneof(nasty, fc.string({ unit: "binary", minLength: 1, maxLength: 40 }));
  await fc.assert(
    fc.asyncProperty(anyText, fc.constantFrom("relevance", "new"), async (q, sort) => {
      const { status } = await ask({ q, sort, category: q, tag: q });
      const { status: alone } = await ask({ q, sort });
      assert.ok([200, 400].includes(status) && [200, 400].includes(alone), JSON.stringify(q));
    }),
    { numRuns: 300 },
  );
});
