import type { TestContext } from "node:test";
import { freshDatabase as createDatabase } from "@mosis/devstack";
import { createLogger } from "@mosis/runtime";
import { openPool, type Pool, type PoolOptions } from "../src/index.ts";

export const log = createLogger({ service: "test", level: "silent" });

/** A new, empty database on the server of `DATABASE_URL`, dropped after the test. */
export async function freshDatabase(t: TestContext): Promise<string> {
  const server = process.env["DATABASE_URL"];
  if (server === undefined) throw new Error("Set DATABASE_URL to a server where databases may be made.");
  const database = await createDatabase(server);
  t.after(() => database.drop());
  return database.url;
}

/** A pool that closes before its database is dropped. */
export function testPool(t: TestContext, url: string, options: Partial<PoolOptions> = {}): Pool {
  const pool = openPool({
    url,
    name: "test",
    log,
    connectionsMax: 5,
    connectTimeoutMs: 2000,
    statementTimeoutMs: 5000,
    ...options,
  });
  t.after(() => pool.close());
  return pool;
}
