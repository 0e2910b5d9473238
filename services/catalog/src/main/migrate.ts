// The migration job brings the catalog's database to the newest schema, and ends.
import { fileURLToPath } from "node:url";
import { migrate, openPool } from "@mosis/postgres";
import { createLifecycle, createLogger, endProcess } from "@mosis/runtime";
import { readMigrateConfig } from "../config.ts";
import { canonicalizeEmails } from "../accounts/email/canonicalize.ts";
import { allowLogin, refuseTemporaryTables } from "../access/process-roles.ts";

const config = readMigrateConfig(process.env);
const log = createLogger({ service: "catalog-migrate", level: config.logLevel });
const folder = fileURLToPath(new URL("../../", import.meta.url));
const life = createLifecycle({ log, closeTimeoutMs: 10_000 });

try {
  const applied = await migrate({ url: config.postgres.url, folder, direction: "up", log });
  log.info(
    { applied },
    applied.length === 0 ? "The schema was up to date" : "The schema was brought up to date",
  );
  const db = life.own("postgres", openPool({ ...config.postgres, log }), (it) => it.close());
  await refuseTemporaryTables(db);
  await canonicalizeEmails(db, log);
  for (const [role, password] of config.rolePasswords) {
    if (password !== null) await allowLogin(db, role, password);
  }
} catch (error) {
  log.error({ err: error }, "catalog migrate failed");
  process.exitCode = 1;
}
await life.close();
endProcess(log);
