import type { Asker, Passwords } from "../../sign-in/passwords/hashing.ts";
import { normalized } from "../../sign-in/passwords/right-password.ts";
import { type PasswordOwner, requireStrong } from "./strength.ts";

/**
 * Hashes a new password, wherever one is set.
 * @param pointer where it is in the body.
 * @throws Problem `invalid_request` (400) for one that is easy to guess; QueueFull as `Passwords.hash`.
 */
export function hashNewPassword(
  passwords: Passwords,
  {
    password,
    owner,
    pointer,
    asker,
  }: { password: string; owner: PasswordOwner; pointer: string; asker: Asker },
): Promise<string> {
  const form = normalized(password);
  return passwords.hash(form, asker, () => requireStrong(form, owner, pointer));
}
