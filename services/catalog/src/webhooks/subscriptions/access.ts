import { type Problem, problem } from "@mosis/http";
import type { Principal } from "../../access/principal.ts";

/** A webhook is told of every app of its developer, so a key for listed apps would see past its own. */
export function requireAllApps({ appIds }: Principal): void {
  if (appIds === null) return;
  throw problem("permission_missing", "The key serves listed apps alone: use one for every app, or sign in.");
}

export function missingWebhook(): Problem {
  return problem("not_found", "There is no such webhook.");
}
