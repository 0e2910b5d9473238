// Fills a catalog, in one transaction: the same sizes and seed give the same rows, byte for byte.
import { type Cell, execute, one, type Session, sql } from "@mosis/postgres";
import Type from "typebox";
import { createDice } from "../lifelike.ts";
import { withoutIndexes } from "./bulk.ts";
import { appColumns, appRow, createAppMaker, type SeededApp } from "./apps.ts";
import {
  developerColumns,
  developerRow,
  makeDeveloper,
  signingKeyColumns,
  signingKeyRow,
} from "./developers.ts";
import { keyColumns, keyRow, makeKey } from "./keys.ts";
import { insertReviewEvents, insertReviews } from "./reviews.ts";
import { releaseOf, versionColumns, versionCounts, versionRow, versionsOf } from "./versions.ts";

export interface SeedSizes {
  developers: number;
  apps: number;
  /** Must be more than the published and suspended apps, about 8 of 10. */
  versions: number;
  keys: number;
}

/** The tables that are filled; a table comes before those that refer to it. */
const tables = ["developers", "signing_keys", "apps", "app_versions", "api_keys", "api_key_apps"] as const;
type Table = (typeof tables)[number];

/** Plans what a seed makes, before anything is written. */
export function planSeed(seed: number, sizes: SeedSizes) {
  const dice = createDice(seed);
  const developers = Array.from({ length: sizes.developers }, (_, n) => makeDeveloper(dice, n));
  const makeApp = createAppMaker(dice, developers);
  const apps = Array.from({ length: sizes.apps }, (_, n) => makeApp(n));
  return { dice, developers, apps, counts: versionCounts(dice, apps, sizes.versions), keys: sizes.keys };
}
type SeedPlan = ReturnType<typeof planSeed>;

/**
 * @param session of the owner of the tables, to whom row-level security does not apply.
 * @returns the number of rows of each table.
 * @throws the driver's error when one of the rows exists already; then nothing has changed.
 */
export async function seedCatalog(session: Session, plan: SeedPlan): Promise<Record<Table, number>> {
  const filled = {} as Record<Table, number>;
  await execute(session, sql`begin`);
  try {
    // The memory is for sorting three million terms.
    await execute(session, sql`select set_config('work_mem', '256MB', true)`);
    // Apps are inserted before their versions. The store's view of both is made once, when all rows are
    // there.
    await execute(session, sql`alter table apps disable trigger apps_project_inserted`);
    for (const table of tables) {
      const { columns, rows } = contents[table];
      const copy = () => session.copy({ table, columns, rows: rows(plan) });
      filled[table] = await (table === "app_versions" ? withoutIndexes(session, table, copy) : copy());
    }
    await execute(session, insertReviews);
    await execute(session, insertReviewEvents);
    await execute(session, sql`alter table apps enable trigger apps_project_inserted`);
    await withoutIndexes(session, "published_app_terms", () =>
      execute(session, sql`select project_apps(array(select id from apps))`),
    );
  } catch (error) {
    await execute(session, sql`rollback`);
    throw error;
  }
  await execute(session, sql`commit`);
  // Without this, the planner assumes an empty table, and index-only scans read every page.
  await execute(
    session,
    sql`
      vacuum (analyze) developers, signing_keys, apps, app_versions, reviews, review_events, api_keys,
                       api_key_apps, published_apps, published_app_answers, published_app_terms,
                       published_words`,
  );
  return filled;
}

/** Returns true when there are no rows that would be mixed with made-up ones. */
export async function isEmpty(session: Session): Promise<boolean> {
  const { used } = await one(
    session,
    Type.Object({ used: Type.Boolean() }),
    sql`select exists (select from developers) as used`,
  );
  return !used;
}

interface Content {
  columns: readonly string[];
  rows: (plan: SeedPlan) => Iterable<readonly Cell[]>;
}

const contents: Readonly<Record<Table, Content>> = {
  developers: {
    columns: developerColumns,
    rows: ({ dice, developers }) => developers.map((developer, n) => developerRow(dice, n, developer)),
  },
  signing_keys: {
    columns: signingKeyColumns,
    rows: ({ developers }) => developers.map((developer) => signingKeyRow(developer)),
  },
  apps: { columns: appColumns, rows: appRows },
  app_versions: { columns: versionColumns, rows: versionRows },
  api_keys: { columns: keyColumns, rows: keyRows },
  api_key_apps: { columns: ["key_id", "app_id"], rows: keyAppRows },
};

function* appRows(plan: SeedPlan): Generator<Cell[]> {
  for (const { app, developer, versions } of appsWithVersions(plan)) {
    yield appRow(app, developer, releaseOf(versions));
  }
}

function* versionRows(plan: SeedPlan): Generator<Cell[]> {
  let n = 0;
  for (const { app, developer, versions } of appsWithVersions(plan)) {
    for (const version of versions) yield versionRow(plan.dice, n++, { app, developer, version });
  }
}

/**
 * Returns the apps with their versions. They are made again for each table, so that half a million versions
 * need not be kept in memory.
 */
function* appsWithVersions({ dice, developers, apps, counts }: SeedPlan) {
  let first = 0;
  for (const [n, app] of apps.entries()) {
    const count = counts[n] ?? 0;
    const versions = versionsOf(dice, app, { first, count });
    yield { app, developer: at(developers, app.developer), versions };
    first += count;
  }
}

function* keyRows({ dice, developers, keys }: SeedPlan): Generator<Cell[]> {
  for (let n = 0; n < keys; n++) {
    const key = makeKey(dice, n, developers.length);
    yield keyRow(dice, n, key, at(developers, key.developer));
  }
}

/**
 * Returns the rows of the keys' apps. A key for one app serves the first app of its developer; when there is
 * none, it serves no app yet.
 */
function* keyAppRows({ dice, developers, apps, keys }: SeedPlan): Generator<Cell[]> {
  const firstApps = new Map<number, SeededApp>();
  for (const app of apps) if (!firstApps.has(app.developer)) firstApps.set(app.developer, app);
  for (let n = 0; n < keys; n++) {
    const key = makeKey(dice, n, developers.length);
    const app = firstApps.get(key.developer);
    if (key.isOfOneApp && app) yield [key.id, app.id];
  }
}

function at<T>(values: readonly T[], index: number): T {
  return values[index] as T;
}
