import type { Queryable } from "@mosis/postgres";
import type { Asker, Passwords } from "./hashing.ts";
import { type HashedPassword, isPassword } from "../../developers/queries.ts";

/**
 * Returns a text in the form that is hashed: a phone and a Mac may type the same password in different
 * Unicode forms (NIST SP 800-63B-4).
 */
export function normalized(password: string): string {
  return password.normalize("NFC");
}

/**
 * Checks if a password is that of an account. Without settings (no such account) it does the same work.
 * @param db sees the account.
 * @returns the password as it is hashed, to be compared once more in a transaction; null when it is wrong.
 * @throws QueueFull as `Passwords.rehash`.
 */
export async function findRight(
  { db, passwords }: { db: Queryable; passwords: Passwords },
  { id, settings, password, asker }: { id: string; settings: string | null; password: string; asker: Asker },
): Promise<HashedPassword | null> {
  // Both forms are tried: the normalized one that is hashed today, and the raw one that was hashed before.
  for (const form of new Set([normalized(password), password])) {
    const guess = { id, passwordHash: await passwords.rehash(form, settings, asker) };
    if (await isPassword(db, guess)) return guess;
  }
  return null;
}
