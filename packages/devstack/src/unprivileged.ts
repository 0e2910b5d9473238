// The user that a server runs as when we are root: it owns its own data and may do nothing else.
import { execFileSync } from "node:child_process";
import { StackError } from "./server.ts";

export interface User {
  uid: number;
  gid: number;
}

/**
 * Returns the user for a server, or null when we are not root: then it runs as we do.
 * @param names of users, the first that this machine has is taken.
 * @throws StackError when it has none of them.
 */
export function unprivilegedUser(names: readonly string[]): User | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of names) {
    try {
      const id = (flag: string) =>
        Number(execFileSync("id", [flag, name], { stdio: ["ignore", "pipe", "ignore"] }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      // No such user here: the next one.
    }
  }
  throw new StackError(
    `The servers do not run as root and there is no user ${names.join(" or ")}: run this as another user.`,
  );
}
