/**
 * A piece of SQL with its values. Made only by the `sql` tag, so that text from outside can never become SQL.
 */
export interface Sql {
  readonly pieces: readonly string[];
  /** One fewer than pieces: a value to bind, or a fragment to nest. */
  readonly holes: readonly (Sql | Value)[];
  readonly [mark]: true;
}

type Scalar = string | number | bigint | boolean | Date | Buffer | null;
/** What a parameter may be. JSON goes in as text, with a cast beside it. `undefined` is always a mistake. */
export type Value = Scalar | readonly Scalar[];

const mark = Symbol("sql");

/**
 * SQL as a tagged template: values become bind parameters, `sql` fragments nest as text.
 * `` sql`select ${columns} from apps where id = ${id}` `` where `columns` is itself a fragment.
 */
export function sql(pieces: TemplateStringsArray, ...holes: (Sql | Value)[]): Sql {
  return { pieces, holes, [mark]: true };
}

/** The statement as PostgreSQL takes it, `$1` and so on for its values. */
export function compile(statement: Sql): { text: string; values: Value[] } {
  const values: Value[] = [];
  return { text: write(statement, values), values };
}

function write({ pieces, holes }: Sql, values: Value[]): string {
  let text = pieces[0] ?? "";
  for (const [i, hole] of holes.entries()) {
    if (isSql(hole)) text += write(hole, values);
    else if (hole === undefined) throw new TypeError(`A value is undefined after "${lastWords(text)}".`);
    else text += `$${values.push(hole)}`;
    text += pieces[i + 1] ?? "";
  }
  return text;
}

function isSql(hole: Sql | Value): hole is Sql {
  return typeof hole === "object" && hole !== null && mark in hole;
}

function lastWords(text: string): string {
  return text.replaceAll(/\s+/g, " ").slice(-40);
}
