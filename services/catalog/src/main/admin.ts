// `npm run admin -- grant-role admin ada@example.org`, `-- reset-second-factors ada@example.org` and `--
// republish` are the actions that an operator with access to the database does on the servers.
import { openPool } from "@mosis/postgres";
import { createLogger, endProcess, readCommandLine } from "@mosis/runtime";
import { adminUsage, carryOut, readArguments } from "../admin/command.ts";
import { readAdminConfig } from "../config.ts";

const asked = readCommandLine(adminUsage, readArguments) ?? process.exit();
const config = readAdminConfig(process.env);
const log = createLogger({ service: "catalog-admin", level: config.logLevel });

try {
  const db = openPool({ ...config.postgres, log });
  try {
    log.info(asked, await carryOut(db, asked));
  } finally {
    await db.close();
  }
} catch (error) {
  log.error({ err: error }, "catalog admin failed");
  process.exitCode = 1;
}
endProcess(log);
