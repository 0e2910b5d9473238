import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { createCatalog } from "@mosis/client";
import { startPlatform, untilEqual } from "./platform.ts";

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

// People run what the documents show, so this test runs exactly that.
test("a first release goes from an account to a device as docs/first-release.md has it", async (t) => {
  const platform = await startPlatform(t);
  const { urls, dataDir } = platform;
  const rita = { email: "rita@example.org", password: "the password of rita" };
  await createCatalog({ endpoint: urls.catalog }).createDeveloper({ ...rita, name: "Rita" });
  await run(
    process.execPath,
    [join(root, "services/catalog/src/main/admin.ts"), "grant-role", "reviewer", rita.email],
    {
      env: { ...process.env, DATABASE_URL: urls.postgres },
    },
  );

  const text = await readFile(join(root, "docs/first-release.md"), "utf8");
  const pieces = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, piece]) => piece);
  assert.equal(pieces.length, 6);
  const program = join(dataDir, "first-release.mjs");
  await writeFile(program, pieces.join("\n"));
  const env = { ...process.env, CATALOG_URL: urls.catalog, MAIL_FOLDER: join(dataDir, "mails") };
  const { stdout } = await run(process.execPath, [program], { env, cwd: root });

  assert.match(stdout, /place 1 in the queue/);
  assert.match(stdout, /Rita keeps 10 recovery codes/);
  for (const check of ["signature_valid", "version_order", "name_similarity", "permissions_added"]) {
    assert.match(stdout, new RegExp(`^${check} pass`, "m"));
  }
  assert.match(stdout, /'org\.ada\.chess Chess'/);
  assert.match(stdout, /devices get version 1\n$/);

  // Each step is in the audit trail, once and in order, whoever did it.
  const actions = [
    "developer.created",
    "account_token.created",
    "session.created",
    "developer.verified",
    "app.created",
    "signing_key.created",
    "version.created",
    "version.submitted",
    "review.claimed",
    "version.approved",
    "version.published",
    "app.published",
    "version.completed",
  ];
  await untilEqual(async () => {
    const rows = await platform.sql<{ action: string }>(
      `select action from audit_events
      where developer_id = (select any(developer_id) from audit_events where action = 'app.created')
      order by position`,
    );
    return rows.map(({ action }) => action);
  }, actions);
});
