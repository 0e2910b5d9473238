import { execute, type Pool, sql, transaction } from "@mosis/postgres";

/**
 * The role that each process connects to PostgreSQL as. Migrations make the roles without a way to log in,
 * and grant each what its statements need.
 */
export const processRoles = {
  api: "mosis_api",
  relay: "mosis_relay",
  webhooks: "mosis_webhooks",
} as const;
export type ProcessRole = (typeof processRoles)[keyof typeof processRoles];

const attemptsMax = 10;

/**
 * Lets the role of a process log in with a password. A role belongs to the whole server, and PostgreSQL
 * refuses one of two concurrent changes of it: that one tries again.
 * @param db of a role that may alter roles.
 */
export async function allowLogin(db: Pool, role: ProcessRole, password: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await transaction(db, async (tx) => {
        await execute(tx, sql`select set_config('mosis.role', ${role}, true)`);
        await execute(tx, sql`select set_config('mosis.password', ${password}, true)`);
        await execute(tx, alterRole);
      });
      return;
    } catch (error) {
      const isRace = error instanceof Error && error.message.includes("tuple concurrently updated");
      if (!isRace || attempt === attemptsMax) throw error;
    }
  }
}

/** The statement that alters a role takes no parameters. */
const alterRole = sql`
  do $$
  begin
    execute format('alter role %I login password %L',
                   current_setting('mosis.role'), current_setting('mosis.password'));
  end
  $$`;

/**
 * Allows temporary tables only to the owner: one with the name of a table of ours would be read instead of
 * it. The right belongs to the database, which no migration can name.
 */
export async function refuseTemporaryTables(db: Pool): Promise<void> {
  await execute(db, revokeTemporary);
}

const revokeTemporary = sql`
  do $$
  begin
    execute format('revoke temporary on database %I from public', current_database());
  end
  $$`;

/** Returns the URL of a database for the role of a process. */
export function roleUrl(databaseUrl: string, role: ProcessRole, password: string): string {
  const url = new URL(databaseUrl);
  url.username = role;
  url.password = password;
  return url.href;
}
