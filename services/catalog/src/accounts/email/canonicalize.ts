import { execute, many, type Queryable, sql } from "@mosis/postgres";
import type { Logger } from "@mosis/runtime";
import Type from "typebox";
import { Uuid } from "@mosis/types/formats";
import { canonicalEmail } from "../../developers/canonical-email.ts";

const Address = Type.Object({ id: Uuid, email: Type.String() });

/**
 * Brings old addresses into their canonical form, so that nobody registers them again in another spelling.
 * The migration job does this, because PostgreSQL does not know A-labels. When two accounts have one mailbox,
 * the second keeps its spelling, with which it still signs in, and the operator gets a warning.
 */
export async function canonicalizeEmails(db: Queryable, log: Logger): Promise<void> {
  // All other addresses are canonical, or differ only in case, which is not compared.
  const spelled = await many(db, Address, sql`select id, email from developers where email ~ '[^\x21-\x7e]'`);
  for (const { id, email } of spelled) {
    const canonical = canonicalEmail(email);
    if (canonical === null || canonical === email) continue;
    const changed = await execute(
      db,
      sql`
        update developers set email = ${canonical}
        where id = ${id} and email = ${email}
          and not exists (select from developers as other
                          where lower(other.email) = lower(${canonical}) and other.id <> ${id})`,
    );
    if (changed === 0) log.warn({ developer_id: id }, "Another account has the same mailbox; merge them");
  }
}
