/**
 * A piece of SQL with its values. Only the `sql` tag makes one, so that text from outside can never become
 * SQL.
 */
export interface Sql {
  readonly pieces: readonly string[];
  /** The values to bind and the fragments to nest, one fewer than pieces. */
  readonly holes: readonly (Sql | Value)[];
  readonly [mark]: true;
}

type Scalar = string | number | bigint | boolean | Date | Buffer | null;
/** A parameter. JSON is passed as text, with a cast beside it. `undefined` is always a mistake. */
export type Value = Scalar | readonly Scalar[];

const mark = Symbol("sql");

/**
 * Makes SQL from a tagged template: values become bind parameters, `sql` fragments nest as text. Example: ``
 * sql`select ${columns} from apps where id = ${id}` ``, where `columns` is itself a fragment.
 */
export function sql(pieces: TemplateStringsArray, ...holes: (Sql | Value)[]): Sql {
  return { pieces, holes, [mark]: true };
}

/** Returns the statement as PostgreSQL accepts it, with `$1` and so on for its values. */
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
