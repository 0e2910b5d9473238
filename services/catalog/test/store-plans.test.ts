import assert from "node:assert/strict";
import { test } from "node:test";
import { one, openSession, type Pool, sql } from "@mosis/postgres";
import type { SearchSort } from "@mosis/types/search";
import Type from "typebox";
import { planSeed, seedCatalog } from "../../../infra/local/seed/seed-catalog.ts";
import { findApp, listOwnApps } from "../src/releases/apps/queries.ts";
import { search } from "../src/store/search/search.ts";
import { findAnswers, findStates, findVersionForDevice } from "../src/store/queries.ts";
import { explaining } from "./explaining.ts";
import { log, patience, startCatalog } from "./support.ts";

const sizes = { developers: 400, apps: 4000, versions: 12_000, keys: 50 };

/** The apps of one list, in the others. */
const lookedUp = /InitPlan[^]*using published_app_terms_pkey[^]*app_no = ANY/;
/** Two lists at once, in the order of the index: nothing is sorted before the page is full. */
const inStep = /Merge Join.*\n.*Cond.*\n.*Index Only Scan Backward using published_app_terms_pkey/;

// As the api's role, behind its policies, on data of a store: the patterns of the database selection.
// INVARIANT 28
test("what the store is asked is a few ranges of indexes, whatever is asked for", async (t) => {
  const { apiDb, db, databaseUrl } = await startCatalog(t);
  const bounds = { ...patience, statementTimeoutMs: 60_000 };
  const session = await openSession({ url: databaseUrl, name: "seed", log, ...bounds });
  await seedCatalog(session, planSeed(5, sizes));
  await session.close();
  const app = await firstApp(db);
  const { id: appId, package_id: packageId, developer_id: developerId } = app;
  const explained = explaining(apiDb);
  const own = explaining(apiDb.as(developerId));
  const owner = { developerId, appIds: null };
  const find = (q: string | null, sort: SearchSort = "relevance", filters = {}) =>
    search(explained.db, { q, category: null, tag: null, sort, behind: null, limit: 51, ...filters });
  const both = { category: "food", tag: "offline" };
  const rollout = { versionId: appId, percent: 3 };
  const device = { appId, mosisVersion: "1.4", rollout };

  const patterns: [RegExp, () => Promise<unknown>][] = [
    [/using apps_by_developer/, () => listOwnApps(own.db, owner, { limit: 50, behind: null })],
    [/using apps_package_id_key[^]*using app_versions_pkey/, () => findApp(own.db, owner, packageId)],
    [/on published_apps_package_id_key/, () => findStates(explained.db, [packageId])],
    [/on published_app_answers_package_id_key/, () => findAnswers(explained.db, [packageId])],
    [/app_versions_app_id_version_code_key/, () => findVersionForDevice(explained.db, device)],
    [/on published_apps_folded_name[^]*using published_app_terms_pkey/, () => find("app")],
    [lookedUp, () => find("free tiny games")],
    [inStep, () => find("offline free")],
    [inStep, () => find("offline free", "new")],
    [/using published_apps_folded_name/, () => find("g")],
    [/on published_words_trigrams/, () => find("pzzle gmae")],
    [lookedUp, () => find("xqzw", "relevance", { category: "games" })],
    [inStep, () => find("app", "relevance", { category: "games" })],
    [/on published_apps_folded_name[^]*using published_app_terms_pkey/, () => find("app", "updated")],
    [lookedUp, () => find("xqzw free", "new", { category: "games" })],
    [/using published_app_terms_pkey/, () => find(null, "new")],
    [/using published_app_terms_pkey[^]*using published_app_terms_pkey/, () => find(null, "new", both)],
  ];
  for (const [expected, ask] of patterns) {
    explained.plans.length = own.plans.length = 0;
    await ask();
    const plans = [...explained.plans, ...own.plans].join("\n\n");
    assert.match(plans, expected, plans);
    assert.doesNotMatch(plans, /Seq Scan on (developers|app|signing|published)/, plans);
  }
});

function firstApp(db: Pool) {
  return one(
    db,
    App,
    sql`
      select id, package_id, developer_id from apps
      where status = 'published' order by package_id limit 1`,
  );
}

const App = Type.Object({
  id: Type.String(),
  package_id: Type.String(),
  developer_id: Type.String(),
});
