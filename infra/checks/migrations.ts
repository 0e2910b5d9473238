// Checks with squawk that migrations and routines of PostgreSQL do not harm a database that is in use. Prints
// every fault and exits with 1 when there is one, or when an exception for a rule or file is not needed.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readFlags } from "@mosis/runtime";

const usage = `Usage: npm run migrations

  Checks by squawk that no migration of PostgreSQL harms a database that is in use.`;
if (!readFlags(usage)) process.exit();
const catalog = join(import.meta.dirname, "../../services/catalog");
const squawk = fileURLToPath(import.meta.resolve("squawk-cli/js/bin/squawk"));

/** Rules that do not hold here, each with the reason. */
const excluded = {
  // Lengths and ranges are bounds that the database holds; the core tables are the user's own document.
  "prefer-text-field": "",
  "prefer-bigint-over-int": "",
  "prefer-bigint-over-smallint": "",
  // packages/postgres/src/migrate.ts sets them for every migration and tries again. A statement has no
  // timeout: half a backfill is useless.
  "require-lock-timeout": "",
  "require-statement-timeout": "",
  // Each migration is one transaction, which cannot make an index concurrently. Reads continue; writes wait
  // until it is made. At many times the volume it has to be a separate job.
  "require-concurrent-index-creation": "",
  // Reads wait for one scan, which takes less than a second at the full volume;
  // services/catalog/test/migration-locks.test.ts tests that.
  "constraint-missing-not-valid": "",
};

/** Exceptions for single files, with the reason. */
const accepted: Record<string, string[]> = {
  // A developer has few signing keys, so the table that is rewritten is small.
  "migrations/0011_signing_keys.sql": ["adding-field-with-default"],
  // The columns of these two references are new, so no row has a value to look up. Writes wait for a scan.
  "migrations/0013_api_keys.sql": ["adding-foreign-key-constraint"],
  // A longer varchar does not rewrite the table.
  "migrations/0014_app_versions.sql": ["adding-foreign-key-constraint", "changing-column-type"],
};

interface Violation {
  file: string;
  line: number;
  rule_name: string;
  message: string;
  help: string | null;
}

const names = ["migrations", "routines"].flatMap((folder) =>
  readdirSync(join(catalog, folder)).map((file) => `${folder}/${file}`),
);
const work = mkdtempSync(join(tmpdir(), "mosis-migrations-"));
let violations: Violation[];
try {
  for (const folder of ["migrations", "routines"]) mkdirSync(join(work, folder));
  // Only the way up is checked: the way down is for a database that is not in use yet.
  for (const name of names) {
    const [up = ""] = readFileSync(join(catalog, name), "utf8").split(/^-- (?:Down Migration|Drop)$/m);
    writeFileSync(join(work, name), up);
  }
  const rules = Object.keys(excluded).flatMap((rule) => ["--exclude", rule]);
  const options = ["--reporter", "json", "--pg-version", "18.0", "--assume-in-transaction"];
  const files = names.map((name) => join(work, name));
  const run = spawnSync(process.execPath, [squawk, ...options, ...rules, ...files], {
    encoding: "utf8",
    maxBuffer: 16_777_216,
  });
  if (run.error) throw run.error;
  violations = JSON.parse(run.stdout) as Violation[];
} finally {
  rmSync(work, { recursive: true });
}

const faults: string[] = [];
const unused = new Map(Object.entries(accepted).map(([name, rules]) => [name, new Set(rules)]));
for (const { file, line, rule_name, message, help } of violations) {
  const name = file.split("/").slice(-2).join("/");
  if (accepted[name]?.includes(rule_name)) unused.get(name)?.delete(rule_name);
  else faults.push(`${name}:${line + 1}: ${rule_name}: ${message} ${help ?? ""}`);
}
for (const [name, rules] of unused) {
  for (const rule of rules) faults.push(`${name}: ${rule} is excepted for nothing`);
}
for (const fault of faults) console.error(fault);
console.log(`${names.length} migrations and files of routines read, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
