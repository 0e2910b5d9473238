import { sql } from "@mosis/postgres";

/**
 * A condition that always holds, for a statement outside of a transaction: its commit does not wait for the
 * disk. A crash of PostgreSQL takes up to 0.6 s of such changes with it, so only for what comes again.
 */
export const unflushed = sql`set_config('synchronous_commit', 'off', true) = 'off'`;
