// A rule that matches nothing passes forever. This test breaks every rule of .dependency-cruiser.mjs once, in
// a small copy of the tree's shape, and each must be reported. Then it does everything that is allowed, and
// nothing may be reported.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type TestContext, test } from "node:test";

const repository = resolve(import.meta.dirname, "../..");

/** Rule → files that break it. */
const breaches: Record<string, Record<string, string>> = {
  "no-cycles": {
    "packages/http/src/hen.ts": `import "./egg.ts";`,
    "packages/http/src/egg.ts": `import type { Hen } from "./hen.ts";`,
  },
  "imports-resolve": { "packages/http/src/lost.ts": `import "./nowhere.ts";` },
  "imports-are-declared": { "packages/http/src/undeclared.ts": `import "kafkajs";` },
  "services-are-strangers": {
    "services/catalog/src/stranger.ts": `import "../../telemetry/src/index.ts";`,
  },
  "packages-below-services": {
    "packages/http/src/climber.ts": `import "../../../services/catalog/src/index.ts";`,
  },
  "adapters-are-strangers": { "packages/http/src/sibling.ts": `import type { x } from "@mosis/kafka";` },
  "runtime-below-adapters": { "packages/runtime/src/climber.ts": `import "@mosis/http";` },
  "types-are-schemas": { "packages/types/src/doer.ts": `import "node:fs";` },
  "client-stands-alone": { "packages/client/src/leaner.ts": `import "@mosis/runtime";` },
  "devstack-starts-nothing-in-production": {
    "services/catalog/src/starter.ts": `import "@mosis/devstack";`,
  },
  "packages-by-name": { "packages/kafka/src/burglar.ts": `import "../../types/src/topics.ts";` },
  "routes-belong-to-their-slice": {
    "services/telemetry/src/receipts/thief.ts": `import "../rejected/routes.ts";`,
    "services/telemetry/src/rejected/routes.ts": "export {};",
  },
  ...climbersOf("services/catalog/src", "catalog"),
  "catalog-has-no-other-module": {
    "services/catalog/src/stranger/routes.ts": `import "../api.ts";`,
    "services/catalog/src/api.ts": "export {};",
  },
  "production-imports-no-test-code": {
    "services/catalog/src/cheat.ts": `import "../test/support.ts";`,
    "services/catalog/test/support.ts": "export {};",
  },
  "express-stays-in-one-place": { "services/catalog/src/express.ts": `import "express";` },
  "pg-stays-in-one-place": { "services/catalog/src/pg.ts": `import type { Pool } from "pg";` },
  "node-pg-migrate-stays-in-one-place": { "services/catalog/src/migrate.ts": `import "node-pg-migrate";` },
  "kafkajs-stays-in-one-place": { "services/catalog/src/kafka.ts": `import "kafkajs";` },
  "clickhouse-client-stays-in-one-place": {
    "services/telemetry/src/store.ts": `import "@clickhouse/client";`,
  },
  "pino-stays-in-one-place": { "services/telemetry/src/log.ts": `import "pino";` },
  "prom-client-stays-in-one-place": { "services/telemetry/src/metrics.ts": `import "prom-client";` },
  "telemetry-has-no-other-module": {
    "services/telemetry/src/ingest/loose.ts": `import "./events/clock.ts";`,
    "services/telemetry/src/ingest/events/clock.ts": "export {};",
  },
  ...breachesOfModules("telemetry", {
    access: "store",
    store: "writer",
    clocks: "store",
    "ingest/events": "access",
    "ingest/blocks": "ingest/reading",
    "ingest/books": "ingest/judging",
    "ingest/judging": "ingest/reading",
    "ingest/reading": "ingest/door",
    "ingest/protocols": "ingest/judging",
    "ingest/door": "store",
    writer: "ingest/blocks",
    replay: "writer",
    receipts: "outcomes",
    outcomes: "audit",
    audit: "erasures",
    erasures: "rejected",
    rejected: "ingest/door",
  }),
};

/** Returns, for each module, a file that imports a module which it may not import. */
function breachesOfModules(
  service: string,
  modules: Record<string, string>,
): Record<string, Record<string, string>> {
  const src = `services/${service}/src`;
  return Object.fromEntries(
    Object.entries(modules).map(([module, other]) => {
      const up = module.includes("/") ? "../.." : "..";
      return [
        `${service}-${module.replace("/", "-")}`,
        {
          [`${src}/${module}/climber.ts`]: `import "${up}/${other}/summit.ts";`,
          [`${src}/${other}/summit.ts`]: "export {};",
        },
      ];
    }),
  );
}

const allowed: Record<string, string> = {
  "packages/http/src/server.ts": `import "express"; import "@mosis/runtime"; import "@mosis/types/topics";`,
  "packages/client/src/sdk.ts": `import "node:zlib"; import "@mosis/types/topics";`,
  "services/catalog/src/api.ts": `import "./releases/apps/routes.ts";`,
  "services/catalog/src/releases/apps/routes.ts": `import "express"; import "../../keys/queries.ts";`,
  "services/catalog/src/keys/queries.ts": `import "@mosis/postgres"; import "@mosis/types/topics";`,
  "services/catalog/test/apps.test.ts": `import "@mosis/devstack"; import "../src/releases/apps/routes.ts";`,
  "infra/local/up.ts": `import "@mosis/devstack"; import "@mosis/client";`,
  "services/telemetry/src/ingest.ts": `import "./ingest/door/door.ts"; import "./access/keys.ts";`,
  "services/telemetry/src/ingest/door/door.ts": `import "../judging/step.ts"; import "../../access/keys.ts";`,
  "services/telemetry/src/ingest/judging/step.ts": `import "../blocks/block.ts"; import "./quota/quota.ts";`,
  "services/telemetry/src/ingest/judging/quota/quota.ts": "export {};",
  "services/telemetry/src/ingest/judging/step.test.ts": `import "../reading/scan.ts";`,
  "services/telemetry/src/ingest/reading/scan.ts": "export {};",
  "services/telemetry/src/ingest/blocks/block.ts": "export {};",
  "services/telemetry/src/access/keys.ts": "export {};",
};

// INVARIANT 60
test("every rule between packages reports the import that breaks it", (t) => {
  const reported = cruise(t, Object.assign({}, ...Object.values(breaches)));
  assert.deepEqual([...new Set(reported)].toSorted(), Object.keys(breaches).toSorted());
});

test("imports that follow the arrows are not reported", (t) => {
  assert.deepEqual(cruise(t, allowed), []);
});

/** Returns, for each module of a folder, a file that imports what is above all modules. */
function climbersOf(folder: string, name: string): Record<string, Record<string, string>> {
  const modules = readdirSync(join(repository, folder), { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && entry.name !== "main",
  );
  return Object.fromEntries(
    modules.map((module) => [
      `${name}-${module.name}`,
      {
        [`${folder}/${module.name}/climber.ts`]: `import "../main/start.ts";`,
        [`${folder}/main/start.ts`]: "export {};",
      },
    ]),
  );
}

/** Returns the names of the rules that the files break, in a tree that contains only our workspaces. */
function cruise(t: TestContext, files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), "mosis-arrows-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "node_modules/@mosis"), { recursive: true });
  for (const entry of readdirSync(join(repository, "node_modules"))) {
    if (entry === "@mosis") continue;
    symlinkSync(join(repository, "node_modules", entry), join(root, "node_modules", entry));
  }
  for (const folder of ["packages", "services"]) {
    for (const name of readdirSync(join(repository, folder))) {
      const workspace = join(folder, name);
      write(join(root, workspace, "src/index.ts"), "export {};");
      cpSync(join(repository, workspace, "package.json"), join(root, workspace, "package.json"));
      symlinkSync(join(root, workspace), join(root, "node_modules/@mosis", name));
    }
  }
  write(join(root, "packages/types/src/topics.ts"), "export {};");
  for (const [path, text] of Object.entries(files)) write(join(root, path), text);
  for (const folder of ["infra", "bench", "test"]) mkdirSync(join(root, folder), { recursive: true });
  for (const file of ["package.json", ".dependency-cruiser.mjs"]) {
    cpSync(join(repository, file), join(root, file));
  }

  const depcruise = join(repository, "node_modules/.bin/depcruise");
  const folders = ["packages", "services", "infra", "bench", "test"];
  const run = spawnSync(depcruise, ["-c", ".dependency-cruiser.mjs", ...folders, "-T", "json"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(run.error, undefined);
  const { summary } = JSON.parse(run.stdout) as { summary: { violations: { rule: { name: string } }[] } };
  return summary.violations.map(({ rule }) => rule.name);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${text}\n`);
}
