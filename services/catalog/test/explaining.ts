import { many, type Pool, type Queryable, type Sql, sql } from "@mosis/postgres";
import Type from "typebox";

const Plan = Type.Object({ "QUERY PLAN": Type.String() });

/** Runs statements as they are, and keeps how PostgreSQL plans them with their values. */
export function explaining(db: Pool): { db: Queryable; plan: () => string } {
  let plan = "";
  return {
    plan: () => plan,
    db: {
      async run(statement: Sql) {
        const lines = await many(db, Plan, sql`explain ${statement}`);
        plan = lines.map((line) => line["QUERY PLAN"]).join("\n");
        return db.run(statement);
      },
    },
  };
}
