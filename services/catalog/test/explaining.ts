import { many, type Pool, type Queryable, type Sql, sql } from "@mosis/postgres";
import Type from "typebox";

const Plan = Type.Object({ "QUERY PLAN": Type.String() });

/** Runs statements as they are, and keeps how PostgreSQL plans them: once, for whatever values. */
export function explaining(db: Pool): { db: Queryable; plan: () => string; plans: string[] } {
  const plans: string[] = [];
  return {
    plans,
    plan: () => plans.at(-1) ?? "",
    db: {
      async run(statement: Sql) {
        plans.push(await planOf(db, statement));
        return db.run(statement);
      },
    },
  };
}

/** By a prepared statement, as the driver makes them: with values in it, it would be planned for these. */
function planOf(db: Pool, statement: Sql): Promise<string> {
  const { text, count } = numbered(statement);
  const values = Array.from({ length: count }, () => "null").join(", ");
  return db.withConnection(async (connection) => {
    await connection.run(raw(`prepare explained as ${text}`));
    const lines = await many(
      connection,
      Plan,
      raw(`explain execute explained${count > 0 ? `(${values})` : ""}`),
    );
    await connection.run(raw("deallocate explained"));
    return lines.map((line) => line["QUERY PLAN"]).join("\n");
  });
}

/** The text of a statement with `$1` and so on for its values. */
function numbered({ pieces, holes }: Sql, before = 0): { text: string; count: number } {
  let text = pieces[0] ?? "";
  let count = 0;
  for (const [i, hole] of holes.entries()) {
    if (typeof hole === "object" && hole !== null && "pieces" in hole) {
      const nested = numbered(hole, before + count);
      text += nested.text;
      count += nested.count;
    } else text += `$${before + ++count}`;
    text += pieces[i + 1] ?? "";
  }
  return { text, count };
}

function raw(text: string): Sql {
  return sql(Object.assign([text], { raw: [text] }));
}
