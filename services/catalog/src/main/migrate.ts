// The migration job: brings the catalog's database to the newest schema, and ends.
import { fileURLToPath } from "node:url";
import { migrate } from "@mosis/postgres";
import { createLogger } from "@mosis/runtime";
import { readMigrateConfig } from "../config.ts";

const config = readMigrateConfig(process.env);
const log = createLogger({ service: "catalog-migrate", level: config.logLevel });
const folder = fileURLToPath(new URL("../../migrations/", import.meta.url));

try {
  const applied = await migrate({ url: config.databaseUrl, folder, direction: "up", log });
  log.info({ applied }, applied.length === 0 ? "The schema was up to date" : "The schema is up to date now");
} catch (error) {
  log.error({ err: error }, "catalog migrate failed");
  process.exitCode = 1;
}
