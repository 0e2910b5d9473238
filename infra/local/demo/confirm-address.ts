import { execute, openSession, sql } from "@mosis/postgres";
import { createLogger } from "@mosis/runtime";

/** Confirms the address of a made-up account: nobody reads its mails. */
export async function confirmAddress(postgres: string, email: string): Promise<void> {
  const log = createLogger({ service: "demo", level: "warn" });
  const session = await openSession({
    url: postgres,
    name: "demo",
    log,
    connectTimeoutMs: 5000,
    statementTimeoutMs: 5000,
  });
  try {
    await execute(session, sql`update developers set verified = true where email = ${email}`);
  } finally {
    await session.close();
  }
}
