import { execute, type Pool, sql } from "@mosis/postgres";
import type { Role } from "@mosis/types/developers";
import { grantRole } from "../src/admin/changes.ts";

/**
 * Gives somebody a role. Their sessions count as signed in with a second factor, which its powers need; how
 * they get one is in `second-factors.test.ts`.
 */
export async function promote(db: Pool, { role, email }: { role: Role; email: string }): Promise<void> {
  await grantRole(db, { role, email });
  await execute(
    db,
    sql`
      update sessions set second_factor = 'totp', second_factor_at = now()
      where developer_id = (select id from developers where email = ${email})`,
  );
}
