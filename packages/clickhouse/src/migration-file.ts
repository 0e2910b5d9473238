import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * One numbered file: `0007_what_it_does.sql` with `-- Up Migration` and `-- Down Migration`, as in
 * node-pg-migrate.
 */
export interface Migration {
  number: number;
  name: string;
  /** SHA-256 of the file, hex. */
  checksum: string;
  up: string[];
  down: string[];
}

/** The migrations that a database has, by number. */
export type Applied = Map<number, { name: string; checksum: string }>;

/**
 * Reads the migrations of a folder.
 * @returns them in the order of their numbers.
 * @throws Error when a file is malformed, or two have one number.
 */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".sql")).toSorted();
  const migrations = await Promise.all(files.map((file) => readMigration(folder, file)));
  for (const [index, { number, name }] of migrations.entries()) {
    if (migrations[index - 1]?.number === number)
      throw new Error(`${name}: another migration has its number`);
  }
  return migrations;
}

async function readMigration(folder: string, file: string): Promise<Migration> {
  const number = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(file)?.[1]);
  if (Number.isNaN(number)) throw new Error(`${file}: a migration is named 0001_what_it_does.sql`);
  const text = await readFile(join(folder, file), "utf8");
  const parts = /^-- Up Migration$(.*)^-- Down Migration$(.*)/ms.exec(text);
  if (!parts) throw new Error(`${file}: a migration has the lines -- Up Migration and -- Down Migration`);
  const [up, down] = [splitStatements(parts[1] ?? ""), splitStatements(parts[2] ?? "")];
  if (up.length === 0 || down.length === 0) throw new Error(`${file}: a migration goes up and down`);
  const checksum = createHash("sha256").update(text).digest("hex");
  return { number, name: file.slice(0, -".sql".length), checksum, up, down };
}

/** The places where a semicolon does not end a statement: a quoted text or name, a comment. */
const quoted = /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|--[^\n]*|\/\*.*?\*\/|;/gs;

/** Returns the statements of a text, without their semicolons. ClickHouse accepts one at a time. */
export function splitStatements(text: string): string[] {
  const statements: string[] = [];
  let start = 0;
  for (const { 0: token, index } of text.matchAll(quoted)) {
    if (token !== ";") continue;
    statements.push(text.slice(start, index));
    start = index + 1;
  }
  statements.push(text.slice(start));
  return statements.map((statement) => statement.trim()).filter(hasCode);
}

function hasCode(statement: string): boolean {
  return statement.replaceAll(/--[^\n]*|\/\*.*?\*\//gs, "").trim() !== "";
}
