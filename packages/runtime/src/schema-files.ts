// The files of a store's schema beside its numbered migrations. They are the same kinds for every store.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A file of functions or views, which are made again whenever it changes. */
export interface RemadeFile {
  /** The name of the file without its extension. */
  name: string;
  /** The part after `-- Create`, which may run again at any time. */
  create: string;
  /** The part after `-- Drop`, which removes everything that Create has made. */
  drop: string;
  /**
   * SHA-256 of the last migration's name and of the text, hex: after a migration every file is made again.
   */
  checksum: string;
}

/**
 * Reads the files of a folder in the order of their names. The folder need not exist.
 * @param lastMigration The name of the last migration.
 * @throws Error when a file is malformed.
 */
export async function readRemadeFiles(folder: string, lastMigration: string): Promise<RemadeFile[]> {
  const files = await namesIn(folder);
  return Promise.all(files.map((file) => readRemadeFile(folder, file, lastMigration)));
}

async function readRemadeFile(folder: string, file: string, lastMigration: string): Promise<RemadeFile> {
  if (!file.endsWith(".sql")) throw new Error(`${file} in ${folder} is not an SQL file.`);
  const text = await readFile(join(folder, file), "utf8");
  const lines = text.split("\n");
  const [createAt, dropAt] = [lines.indexOf("-- Create"), lines.indexOf("-- Drop")];
  if (createAt === -1 || dropAt < createAt) {
    throw new Error(`${file} does not have the lines "-- Create" and then "-- Drop".`);
  }
  const create = lines.slice(createAt, dropAt).join("\n");
  const drop = lines.slice(dropAt).join("\n");
  const checksum = createHash("sha256").update(`${lastMigration}\n${text}`).digest("hex");
  return { name: file.slice(0, -".sql".length), create, drop, checksum };
}

/** Migrations that were squashed: fewer files make the same schema. */
export interface SquashedHistory {
  /** The first of the migrations that were replaced. No file has its name any more. */
  first: string;
  /** The last of them. A database that has it has the whole schema, and is adopted. */
  last: string;
  /** The last of the migrations that replace them. */
  into: string;
  /** The last commit that has the old files. */
  commit: string;
}

/** Reads `squashed.json`, beside the folder of the migrations. Returns null when nothing was squashed. */
export async function readSquashedHistory(folder: string): Promise<SquashedHistory | null> {
  const text = (await namesIn(folder)).includes("squashed.json")
    ? await readFile(join(folder, "squashed.json"), "utf8")
    : "null";
  return JSON.parse(text) as SquashedHistory | null;
}

/**
 * Returns true when a database has the whole history that was squashed, and false when it has nothing of it.
 * @param applied The names of the applied migrations, in their order.
 * @throws Error when it has part of that history; the message says what to do.
 */
export function hasSquashedHistory({ first, last, commit }: SquashedHistory, applied: string[]): boolean {
  if (!applied.includes(first)) return false;
  if (applied.at(-1) === last) return true;
  throw new Error(
    `The database has migrations up to ${applied.at(-1)}, part of a history that was squashed: ` +
      `run the migrate job of commit ${commit} first, which brings it to ${last}, then this one.`,
  );
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
