import type { IncomingMessage, ServerResponse } from "node:http";
import { crc32 } from "node:zlib";
import { Problem, problem } from "@mosis/http";
import { type Pool } from "@mosis/postgres";
import { keyKindOf } from "@mosis/types/key-format";
import type { Permission } from "@mosis/types/keys";
import { findKeyByHash, touchKey } from "./keys/queries.ts";
import { holds, type Principal } from "./principal.ts";
import type { RateLimits } from "./rate-limits.ts";
import { hashSecret } from "./secret-hash.ts";
import { findSession } from "./sessions/queries.ts";
import { isSessionToken } from "./sessions/token.ts";

/**
 * Who sends this request, when they may do what it needs.
 * @param res gets the header fields that depend on who it is.
 * @param need a permission; `developer` for a session or any management key; `session` for a session alone.
 * @throws Problem `credentials_missing`, `credentials_invalid` (401), `permission_missing` (403),
 * `rate_limited` (429).
 */
export type Authenticate = (
  req: IncomingMessage,
  res: ServerResponse,
  need: Permission | "developer" | "session",
) => Promise<Principal>;

export function createAuthenticate({ db, limits }: { db: Pool; limits: RateLimits }): Authenticate {
  return async (req, res, need) => {
    const { principal, kind } = await identify(db, req).catch((error: unknown) => {
      if (error instanceof Problem && error.status === 401) limits.admitAnyone(req, res);
      throw error;
    });
    limits.admit(req, res, principal);
    if (kind === "session") return principal;
    if (need === "session") throw forbidden("A key cannot do this: sign in.");
    if (need === "developer") {
      if (kind === "management") return principal;
      throw forbidden("An ingest key only writes telemetry: use a management key, or sign in.");
    }
    if (holds(principal, need)) return principal;
    throw forbidden(`The key lacks the permission ${need}.`);
  };
}

async function identify(db: Pool, req: IncomingMessage) {
  const secret = bearerOf(req);
  if (!isSessionToken(secret)) return keyPrincipal(db, secret);
  return { principal: await sessionPrincipal(db, secret), kind: "session" as const };
}

function forbidden(detail: string): Problem {
  return problem("permission_missing", detail);
}

function bearerOf(req: IncomingMessage): string {
  const match = /^Bearer +([\w.~+/-]{1,512}=*)$/i.exec(req.headers.authorization ?? "");
  if (match?.[1] !== undefined) return match[1];
  throw problem("credentials_missing", "Send the header Authorization: Bearer <session token or key>.", {
    headers: { "WWW-Authenticate": "Bearer" },
  });
}

/** One answer for unknown, wrong, expired and revoked: which of them it was is nobody's business. */
function invalid(): Problem {
  return problem("credentials_invalid", "The session or key is unknown, has ended or was revoked.", {
    headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' },
  });
}

async function sessionPrincipal(db: Pool, token: string): Promise<Principal> {
  const session = await findSession(db, hashSecret(token));
  if (!session) throw invalid();
  return {
    developerId: session.developer_id,
    appIds: null,
    actor: { kind: "session", id: session.id },
    permissions: "all",
    // A session makes keys that outlive it: that is what they are for.
    expiresAt: null,
    role: session.role,
    telemetryEventsPerSecond: null,
  };
}

async function keyPrincipal(db: Pool, secret: string) {
  // A typo or a fake costs a checksum, not a look-up.
  if (keyKindOf(secret, crc32) === null) throw invalid();
  const key = await findKeyByHash(db, hashSecret(secret));
  if (!key) throw invalid();
  if (key.is_touch_due) await touchKey(db, key.id);
  const principal: Principal = {
    developerId: key.developer_id,
    appIds: key.app_ids,
    actor: { kind: "key", id: key.id },
    permissions: new Set(key.permissions),
    expiresAt: key.expires_at,
    role: "developer",
    telemetryEventsPerSecond: key.telemetry_events_per_second,
  };
  return { principal, kind: key.kind };
}
