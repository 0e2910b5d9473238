import assert from "node:assert/strict";
import { test } from "node:test";
import { execute, many, one, sql } from "@mosis/postgres";
import fc from "fast-check";
import Type from "typebox";
import { putApp } from "./published.ts";
import { startStore } from "./searching.ts";

const jamo = (text: string) => text.normalize("NFD");

/** What is typed, of which each finds the app of the name. */
const typed: Record<string, string[]> = {
  "Café Orée": ["cafe oree", "CAFÉ ORÉE", jamo("Café Orée"), "Café", "oree", "ＣＡＦＥ", "ca\u00adfe"],
  [jamo("Über uns")]: ["uber uns", "Über uns", "ÜBER", "ub"],
  Straße: ["strasse", "STRASSE", "straße", "STRAẞE"],
  "İstanbul Işık": ["istanbul isik", "ISTANBUL", "ıstanbul", "İSTANBUL IŞIK"],
  Ὀδυσσεύς: ["οδυσσευς", "ΟΔΥΣΣΕΥΣ", "οδυσσευσ"],
  "Ærø Łódź Đặng Þór": ["aero lodz dang thor", "ærø", "LODZ", "đặng"],
  Ёлка: ["елка", "ЁЛКА", "елк"],
  "ﬁnal oﬃce": ["final office", "FINAL", "oﬃce", "ﬁn"],
  "Fantasy Ⅷ ①": ["fantasy viii 1", "Fantasy VIII", "ⅷ", "1"],
  "ＦＵＬＬ　Ｗｉｄｔｈ": ["full width", "ｆｕｌｌ", "full\u3000width"],
  "Don’t Starve": ["don't starve", "Don’t Starve", "donʼt starve", "don＇t", "starve"],
  "Spider–Man": ["spider-man", "spider‑man", "spider man"],
  "Chess™ Pro®": ["chess pro", "chess", "Chess™ Pro®"],
  QQ音乐: ["qq", "音乐", "乐", "QQ音乐", "ｑｑ音乐", "音"],
  微信读书: ["读书", "微信", "信读", "书", "微信读书"],
  카카오톡: ["카카오", "오톡", jamo("카카오톡"), jamo("톡"), "톡"],
  ガンダム速報: ["ｶﾞﾝﾀﾞﾑ", "ガンダム", "速報", "ダム", jamo("ガンダム")],
  "サッカー㈱": ["サッカー", "ｻｯｶｰ", "株", "(株)"],
  ไทยรัฐออนไลน์: ["ออนไลน์", "ไทยรัฐ", "รัฐ"],
  ເພງລາວ: ["ລາວ", "ເພງ"],
  កម្មវិធីខ្មែរ: ["ខ្មែរ", "កម្ម"],
  မြန်မာသတင်း: ["သတင်း", "မြန်မာ"],
  "हिन्दी समाचार": ["समाचार", "हिन्दी", "हिन्दी समाचार"],
  "שָׁלוֹם עולם": ["שלום", "שָׁלוֹם", "עולם"],
  "مُحَمَّد أحمد ۱۲": ["محمد", "احمد", "مُحَمَّد", "12", "١٢"],
  "Game 🎮 Box": ["🎮", "game box", "game 🎮"],
  "❤️ Health 👍🏽": ["❤", "❤️", "👍", "👍🏿", "health"],
};

// INVARIANT 27
test("a name is found however it is typed, and by any part where its script has no spaces", async (t) => {
  const { db, names } = await startStore(t);
  for (const [n, name] of Object.keys(typed).entries()) {
    await putApp(db, { package_id: `org.mosis.garden_kingdom.a${n}`, name });
  }
  const lost: string[] = [];
  for (const [name, queries] of Object.entries(typed)) {
    for (const q of [name, ...queries]) {
      const found = await names({ q });
      if (!found.some((hit) => /^(exact|text|prefix): /.test(hit) && hit.endsWith(`: ${name}`))) {
        lost.push(`${q} of ${name}: ${found.join(", ")}`);
      }
    }
    assert.deepEqual((await names({ q: name }))[0], `exact: ${name}`);
  }
  assert.deepEqual(lost, []);
  assert.equal((await names({ q: "kingdom", limit: 100 })).length, Object.keys(typed).length);
});

test("a mark that is a letter makes another word", async (t) => {
  const { db, names } = await startStore(t);
  const others = ["की", "कि", "ガム", "カム", "ปา", "ปี", "מים", "ბანი"];
  for (const [n, name] of others.entries()) await putApp(db, { package_id: `org.mosis.a${n}`, name });
  for (const name of others) assert.deepEqual(await names({ q: name }), [`exact: ${name}`]);
  assert.deepEqual(await names({ q: "क" }), ["prefix: कि", "prefix: की"]);
  // Nothing is like all names: not what is unseen, a mark by itself or a sign that no word has.
  for (const q of ["\u200b", "\u0301", "\u00ad\u200d", "™", "・", "…", " \u3000 "]) {
    assert.deepEqual(await names({ q }), [], JSON.stringify(q));
  }
});

test("of names that are alike the one that is spelled so comes first", async (t) => {
  const { db, find, names } = await startStore(t);
  const spellings = ["Café", "CAFE", "Cafe\u0301", "cafè", "ｃａｆｅ"];
  for (const [n, name] of spellings.entries()) await putApp(db, { package_id: `org.mosis.a${n}`, name });
  assert.deepEqual((await names({ q: "cafe" })).slice(0, 1), ["exact: CAFE"]);
  assert.deepEqual((await names({ q: "café" })).slice(0, 2), ["exact: Cafe\u0301", "exact: Café"]);
  const first = await find({ q: "cafe", limit: 2 });
  const rest = await find({ q: "cafe", limit: 9, cursor: first.page.next_cursor ?? "" });
  const seen = [...first.data, ...rest.data].map(({ name }) => name);
  assert.deepEqual(seen.toSorted(), spellings.toSorted());
});

test("categories, tags and corrections go by the same spelling", async (t) => {
  const { db, find, names } = await startStore(t);
  const app = {
    category: "Éducation",
    tags: ["Jeux d’échecs", "音楽"],
    description: "Pour apprendre 微信读书",
  };
  await putApp(db, { ...app, package_id: "org.mosis.a", name: "Apprentissage" });
  const hit = ["listed: Apprentissage"];
  assert.deepEqual(await names({ category: "education" }), hit);
  assert.deepEqual(await names({ category: jamo("éducation"), tag: "JEUX D'ECHECS" }), hit);
  assert.deepEqual(await names({ q: "échecs" }), ["text: Apprentissage"]);
  assert.deepEqual(await names({ q: "読 音楽" }), []);
  assert.deepEqual(await names({ q: "读书", tag: "音楽" }), ["text: Apprentissage"]);
  assert.equal((await find({ q: "apprentisage" })).corrected_q, "apprentissage");
  const mixed = await find({ q: "ÉCHÈCS aprentissage 音楽" });
  assert.deepEqual([mixed.corrected_q, mixed.data.length], ["echecs apprentissage 音楽", 1]);
});

const Folded = Type.Object({ one: Type.String(), other: Type.String() });

test("folding knows no form and case, and what is folded stays as it is", async (t) => {
  const { db } = await startStore(t);
  const sign = fc.oneof(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 3 }),
    fc.constantFrom("é", "ﬃ", "ﷺ", "ß", "İ", "ς", "ㅎㅏㄴ", "ｶﾞ", "ว่ำ", "क़", "ǆ", "ŉ", "½", "Ω", "がㇺ"),
  );
  const text = fc.array(sign, { minLength: 1, maxLength: 6 }).map((signs) => signs.join(""));
  // In capitals an iota below a letter is one beside it.
  const isFit = (one: string) => !one.includes("\0") && !one.normalize("NFD").includes("\u0345");
  const texts = fc.sample(text, { numRuns: 400, seed: 7 }).filter(isFit);
  const rows = await many(
    db,
    Type.Object({ given: Type.String(), ...Folded.properties }),
    sql`
      select given, search_fold(given) as one, variant as other
      from unnest(${texts}::text[]) given,
           lateral (values (search_fold(normalize(given, nfd))), (search_fold(normalize(given, nfkc))),
                           (search_fold(search_fold(given))),
                           (search_fold(upper(given collate "pg_unicode_fast")))) variants (variant)
      where unicode_assigned(given) and search_fold(given) <> variant`,
  );
  assert.deepEqual(rows, []);
});

// Every two characters are a lexeme then: of a text that has no spaces no statement takes too long.
test("a long description in a script without spaces is indexed like any other", async (t) => {
  const { db, names } = await startStore(t);
  const letters = Array.from({ length: 9990 }, (_, n) =>
    String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000)),
  );
  const app = { package_id: "org.mosis.a", name: "Long", description: `${letters.join("")}读书` };
  const id = await putApp(db, app);
  assert.deepEqual(await names({ q: "读书" }), ["text: Long"]);
  assert.deepEqual(await names({ q: letters.slice(5000, 5090).join("") }), ["text: Long"]);
  await execute(db, sql`update apps set description = null where id = ${id}`);
  const Count = Type.Object({ n: Type.Integer() });
  const { n } = await one(db, Count, sql`select count(*)::integer as n from published_app_terms`);
  assert.ok(n < 20, `${n} terms are left`);
});
