import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { execute, type Pool, sql } from "@mosis/postgres";
import { type Developer, reviewOf, startReviews } from "./reviewing.ts";
import { assertProblem } from "./support.ts";

async function nameCheckOf(developer: Developer, code = 1) {
  const { checks } = await reviewOf(developer, code);
  return checks.find((check) => check.code === "name_similarity") ?? assert.fail();
}

/** As if it had been approved and published. */
async function publish(db: Pool, packageId: string): Promise<void> {
  await execute(db, sql`update apps set status = 'published' where package_id = ${packageId}`);
}

test("a name like that of another's published app is told, and drafts of others are not", async (t) => {
  const { developer, submit, db } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.chess", "Chess Master");
  const bob = await developer("bob", "org.mosis.bob", "Chess Masters");
  await submit(bob, 1);
  assert.equal((await nameCheckOf(bob)).result, "pass", "a draft is nobody else's business");
  await publish(db, "org.mosis.chess");
  await submit(bob, 2);
  const { result, message } = await nameCheckOf(bob, 2);
  assert.deepEqual(
    [result, message],
    ["warn", "Its name is similar to that of “Chess Master” (org.mosis.chess)."],
  );
  await submit(ada, 1);
  assert.equal((await nameCheckOf(ada)).result, "pass", "one's own name, and the draft of the other");
  const eve = await developer("eve", "org.mosis.eve", "Weather");
  await submit(eve, 1);
  assert.equal((await nameCheckOf(eve)).result, "pass");
});

test("five names at most are told, the most similar first", async (t) => {
  const { developer, submit, db } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.a0", "Sudoku Daily");
  for (let n = 1; n < 8; n++) {
    await ada.post("/v1/apps", { package_id: `org.mosis.a${n}`, name: `Sudoku Daily ${n}` }).expect(201);
  }
  await execute(db, sql`update apps set status = 'published'`);
  const bob = await developer("bob", "org.mosis.bob", "Sudoku Daily");
  await submit(bob, 1);
  const { message } = await nameCheckOf(bob);
  assert.match(
    message,
    /^Its name is similar to that of “Sudoku Daily” \(org\.mosis\.a0\), “Sudoku Daily 1”/,
  );
  assert.equal(message.split("org.mosis.").length - 1, 5);
});

test("permissions that are new since the published version are told", async (t) => {
  const { developer, submit, db } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.go");
  await submit(ada, 1, { permissions: ["network"] });
  await execute(
    db,
    sql`
      with published as (
        update app_versions set status = 'published', published_at = now(), rollout_percent = 100
        returning app_id, version_code), closed as (
        update reviews set state = 'withdrawn', ended_at = now())
      update apps set published_code_max = version_code from published where apps.id = app_id`,
  );
  await submit(ada, 2, { permissions: ["network", "camera"] });
  const { checks } = await reviewOf(ada, 2);
  assert.deepEqual(
    checks.map(({ code, result }) => `${code} ${result}`),
    ["signature_valid pass", "version_order pass", "name_similarity pass", "permissions_added warn"],
  );
  assert.match(checks[3]?.message ?? "", /^It asks for camera \(dangerous\), which version 1 did not\.$/);
});

// UTS #39: what looks the same to people is the same name, whatever its letters are.
test("a name that looks like that of another's published app is told, in any alphabet", async (t) => {
  const { developer, submit, db } = await startReviews(t);
  await developer("ada", "org.mosis.chess", "Chess Master");
  await publish(db, "org.mosis.chess");
  const bob = await developer("bob", "org.mosis.bob", "Weather");
  const alike = [
    "Сhеss Маstеr",
    "Ｃｈｅｓｓ Ｍａｓｔｅｒ",
    "𝐂𝐡𝐞𝐬𝐬 𝐌𝐚𝐬𝐭𝐞𝐫",
    "Chéss Màstêr",
    "ⒸⓗⓔⓢⓢⓂⓐⓢⓣⓔⓡ",
    "CHESS MASTER",
    "Che\u0301ss Mas\u0323ter",
    "Ϲհеѕѕ Маѕtеr",
    "Chess Rnaster",
  ];
  let code = 1;
  for (const name of alike) {
    await bob.patch("/v1/apps/org.mosis.bob", { name }).set("If-Match", "*").expect(200);
    await submit(bob, code);
    assert.equal((await nameCheckOf(bob, code++)).result, "warn", name);
  }
  for (const name of ["Weather Map", "Шахматы", "国际象棋"]) {
    await bob.patch("/v1/apps/org.mosis.bob", { name }).set("If-Match", "*").expect(200);
    await submit(bob, code);
    assert.equal((await nameCheckOf(bob, code++)).result, "pass", name);
  }
});

test("names have no characters that are not seen, or turn others round", async (t) => {
  const { developer } = await startReviews(t);
  const ada = await developer("ada", "org.mosis.go", "Go");
  const unseen = [0x202e, 0x2066, 0x200b, 0x200d, 0xfeff, 0xad, 0x3164, 0x61c, 0x85, 0xe0041, 0xfe0f];
  for (const point of unseen) {
    const name = `Go${String.fromCodePoint(point)}od`;
    for (const body of [{ name }, { category: name }, { tags: [name] }]) {
      const refused = await ada.patch("/v1/apps/org.mosis.go", body).set("If-Match", "*");
      assertProblem(refused, "invalid_request");
    }
    assertProblem(await ada.patch("/v1/developers/me", { name }).set("If-Match", "*"), "invalid_request");
    for (const [path, body] of [
      ["/v1/keys", { kind: "ingest" }],
      ["/v1/signing-keys", { public_key: "x", proof: "eHh4eA==" }],
    ] as const) {
      const refused = assertProblem(await ada.post(path, { ...body, name }), "invalid_request");
      assert.ok(
        refused.errors?.some(({ pointer }) => pointer === "/name"),
        path,
      );
    }
    const passkey = `/v1/developers/me/passkeys/${randomUUID()}`;
    assertProblem(await ada.patch(passkey, { name }), "invalid_request");
  }
  await ada.patch("/v1/apps/org.mosis.go", { name: "Gö 囲碁 ♟ 😀" }).set("If-Match", "*").expect(200);
});
