import type { Queryable } from "@mosis/postgres";
import type { Asker, Passwords } from "./hashing.ts";
import { type HashedPassword, isPassword } from "../../developers/queries.ts";

/**
 * A text as it is hashed: what a phone and a Mac type for one password differs in form only (NIST SP
 * 800-63B-4).
 */
export function normalized(password: string): string {
  return password.normalize("NFC");
}

/**
 * Finds out whether a password is that of an account.
 * @param db sees the account. Without settings (no such account) there is the same work.
 * @returns the password as it is hashed, to be compared once more in a transaction; null when it is wrong.
 * @throws QueueFull as `Passwords.rehash`.
 */
export async function findRight(
  { db, passwords }: { db: Queryable; passwords: Passwords },
  { id, settings, password, asker }: { id: string; settings: string | null; password: string; asker: Asker },
): Promise<HashedPassword | null> {
  // As it is hashed now, and as it was hashed before it was normalized.
  for (const form of new Set([normalized(password), password])) {
    const guess = { id, passwordHash: await passwords.rehash(form, settings, asker) };
    if (await isPassword(db, guess)) return guess;
  }
  return null;
}
