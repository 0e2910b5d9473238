import { randomBytes } from "node:crypto";
import { Client, escapeIdentifier } from "pg";

export interface FreshDatabase {
  url: string;
  /** Drops the database, after ending all connections to it. */
  drop(): Promise<void>;
}

/**
 * Creates a database for only one test.
 * @param server URL of any database on a server where databases may be made.
 * @param template URL of a database to copy, which nobody may be connected to; without one the database is
 * empty.
 */
export async function freshDatabase(server: string, template?: string): Promise<FreshDatabase> {
  const name = `test_${randomBytes(8).toString("hex")}`;
  const source = template === undefined ? "template1" : databaseOf(template);
  await administer(server, `create database ${name} template ${escapeIdentifier(source)}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(server, `drop database ${name} with (force)`) };
}

function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}

async function administer(server: string, statement: string): Promise<void> {
  const client = new Client(server);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
