import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import { createLogger } from "@mosis/runtime";
import { openPool, type Pool, type PoolOptions } from "../src/index.ts";
import pg from "pg";

export const log = createLogger({ service: "test", level: "silent" });

/** A new, empty database on the server of `DATABASE_URL`, dropped after the test. */
export async function freshDatabase(t: TestContext): Promise<string> {
  const server = process.env["DATABASE_URL"];
  if (server === undefined) throw new Error("Set DATABASE_URL to a server where databases may be made.");
  const name = `test_${randomBytes(8).toString("hex")}`;
  await administer(server, `create database ${name}`);
  t.after(() => administer(server, `drop database ${name} with (force)`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(statement);
  await client.end();
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
