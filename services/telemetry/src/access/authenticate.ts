import type { IncomingMessage, ServerResponse } from "node:http";
import { problem, type RateLimits } from "@mosis/http";
import { Unavailable } from "@mosis/runtime";
import type { Permission } from "@mosis/types/keys";
import type { Grant } from "./access-table.ts";
import type { FollowedAccess } from "./follow-access.ts";

/**
 * Returns the key whose developer's data this request may read.
 * @param res gets the header fields that depend on the key.
 * @param needs permissions; any one of them is enough.
 * @throws Problem `credentials_missing`, `credentials_invalid` (401), `address_not_allowed`,
 * `key_quarantined`, `permission_missing` (403), `rate_limited` (429); Unavailable (503) while the access
 * table is not complete.
 */
export type Authenticate = (
  req: IncomingMessage,
  res: ServerResponse,
  needs: readonly Permission[],
) => Promise<Grant>;

/**
 * Creates the check of a request's key.
 * @param limits counts requests without a good key before anything is waited for or looked up.
 */
export function createAuthenticate(
  { table, isComplete }: FollowedAccess,
  limits: Pick<RateLimits, "admit" | "admitAnyone">,
): Authenticate {
  const requireKeys = () => {
    if (!isComplete()) throw new Unavailable("Keys are still being read. Try again later.");
  };
  return async (req, res, needs) => {
    const { authorization } = req.headers;
    requireKeys();
    const judge = () => table.authenticate(authorization, Date.now(), req, needs);
    let grant = judge();
    if (typeof grant === "string") limits.admitAnyone(req, res);
    if (grant === "credentials_invalid") {
      await table.arrival(authorization);
      requireKeys();
      grant = judge();
    }
    if (typeof grant !== "string") limits.admit(req, res, `${grant.kind} ${grant.developerId}`);
    switch (grant) {
      case "credentials_missing":
        throw problem(grant, "Send the header Authorization: Bearer <management key>.", {
          headers: { "WWW-Authenticate": "Bearer" },
        });
      case "credentials_invalid":
        throw problem(grant, invalidDetail(authorization), {
          headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' },
        });
      case "key_quarantined":
        throw problem(grant, "The key works again when its owner confirms it: POST /v1/keys/{id}:confirm.");
      case "address_not_allowed":
        throw problem(grant, "The key works only from the addresses in its cidrs.");
      case "permission_missing":
        throw problem(grant, `The key lacks the permission ${needs.join(" or ")}.`);
      default:
        return grant;
    }
  };
}

/**
 * Returns the same detail for unknown, wrong, expired and revoked keys: nobody else may learn which it was.
 */
function invalidDetail(authorization: string | undefined): string {
  // Tokens of sessions stay in the catalog: no topic that could be followed has them.
  const isSession = /^bearer +ms_live_/i.test(authorization ?? "");
  return isSession
    ? "Session tokens do not work here: use a management key."
    : "The key is unknown, revoked or expired.";
}
