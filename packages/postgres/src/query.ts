import type { Static, TSchema } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import type { Queryable } from "./connection.ts";
import type { Sql } from "./sql.ts";

/** Returns all rows, each checked against the schema. A row that does not match is our bug, and throws. */
export async function many<T extends TSchema>(db: Queryable, row: T, statement: Sql): Promise<Static<T>[]> {
  const { rows } = await db.run(statement);
  return rows.map((value) => check(row, value));
}

/**
 * Returns the one row.
 * @throws Error when there is none, or more than one.
 */
export async function one<T extends TSchema>(db: Queryable, row: T, statement: Sql): Promise<Static<T>> {
  const found = await maybeOne(db, row, statement);
  if (found === null) throw new Error("A statement returned no row where it must return one.");
  return found;
}

/**
 * Returns the row, or null when there is none.
 * @throws Error when there is more than one.
 */
export async function maybeOne<T extends TSchema>(
  db: Queryable,
  row: T,
  statement: Sql,
): Promise<Static<T> | null> {
  const rows = await many(db, row, statement);
  if (rows.length > 1) throw new Error(`A statement returned ${rows.length} rows instead of at most one.`);
  return rows[0] ?? null;
}

/**
 * Runs a statement for its effect.
 * @returns the number of rows it changed.
 */
export async function execute(db: Queryable, statement: Sql): Promise<number> {
  const { rowCount } = await db.run(statement);
  return rowCount;
}

const validators = new WeakMap<TSchema, Validator>();

function check<T extends TSchema>(schema: T, row: unknown): Static<T> {
  let validator = validators.get(schema);
  if (!validator) validators.set(schema, (validator = Compile(schema)));
  if (validator.Check(row)) return row as Static<T>;
  // The message has only names and rules: the values are private data.
  const faults = validator.Errors(row).map(({ instancePath, message }) => `${instancePath} ${message}`);
  throw new Error(`A row does not fit its schema: ${faults.slice(0, 5).join("; ")}`);
}
