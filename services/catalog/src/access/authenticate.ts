import type { IncomingMessage, ServerResponse } from "node:http";
import { isDeepStrictEqual } from "node:util";
import { type Problem, problem, isOptionalBody, type RateLimits, readJson } from "@mosis/http";
import { managingPermissions, type Permission } from "@mosis/types/keys";
import type { Pool } from "@mosis/postgres";
import type { TSchema } from "typebox";
import { bodyLimit } from "../shared/body-limit.ts";
import { type Call, callOf, type SenderOf } from "./call.ts";
import type { Credential, Credentials } from "./credentials.ts";
import { holds, type Principal } from "./principal.ts";

/**
 * Returns the call of a request whose sender has the permission that it needs.
 * @param res gets the header fields that depend on the caller.
 * @param need a permission; `developer` for a session or any management key; `session` for only a session.
 * @throws Problem `credentials_missing`, `credentials_invalid` (401), `address_not_allowed`,
 * `key_quarantined`, `permission_missing`, `second_factor_required`, `secret_rotated_out` (403),
 * `rate_limited` (429).
 */
export interface Authenticate {
  (req: IncomingMessage, res: ServerResponse, need: Need): Promise<Call>;
  /**
   * Returns the body of a request that was admitted. A client may send it slowly, and its credentials may be
   * revoked meanwhile: then nothing of the request is done.
   * @throws Problem as `readJson`; `credentials_invalid` (401) when the session or key has changed meanwhile,
   * `secret_rotated_out` (403).
   */
  body(req: IncomingMessage, options?: BodyOptions): Promise<unknown>;
  /**
   * Returns the signed-in caller of a request that needs no credentials; null without a session, also for a
   * key.
   */
  session(req: IncomingMessage): Promise<Principal | null>;
}

/** `isOptional` reads a request without a body as `{}`, where no field is required. */
interface BodyOptions {
  isOptional?: boolean;
}

/** Returns options under which the body may be left out when every field of it may be left out. */
export function bodyOptionsOf(schema: TSchema): BodyOptions {
  return { isOptional: isOptionalBody(schema) };
}

/** A permission; `developer` for a session or any management key; `session` for only a session. */
type Need = Permission | "developer" | "session";

/**
 * Creates the check of credentials.
 * @param db sees no rows until a tenant is set: each call gets one for its principal.
 */
export function createAuthenticate({
  db,
  credentials,
  limits,
  senderOf,
}: {
  db: Pool;
  credentials: Credentials;
  limits: RateLimits;
  senderOf: SenderOf;
}): Authenticate {
  /** The sender of each request, as it was when the request was admitted. */
  const admitted = new WeakMap<IncomingMessage, { secret: string; principal: Principal; need: Need }>();

  /** A secret not seen recently costs a look-up. The look-ups of an address that find nothing are limited. */
  const find = async (secret: string, req: IncomingMessage, res: ServerResponse) => {
    if (!credentials.needsLookUp(secret)) return credentials.find(secret);
    const admission = limits.admitLookUp(req, res);
    const found = await credentials.find(secret);
    if (found) admission.giveBack();
    return found;
  };

  const admit: (...args: Parameters<Authenticate>) => Promise<Call> = async (req, res, need) => {
    const secret = bearerOf(req);
    const credential = secret === null ? null : await find(secret, req, res);
    if (secret === null || !credential) {
      limits.admitAnyone(req, res);
      throw secret === null ? absent() : credentialsInvalid();
    }
    const { principal, addresses } = credential;
    const sender = senderOf(req);
    if (addresses && !addresses.has(sender.address)) {
      // This does not count towards the key's own rate: a thief of the key would use that up.
      limits.admitAnyone(req, res);
      throw problem("address_not_allowed", "The key works only from the addresses in its cidrs.");
    }
    if (credential.isQuarantined) {
      limits.admitAnyone(req, res);
      throw quarantined(principal.actor.id);
    }
    await credential.touch(sender.address);
    limits.admit(req, res, principal.developerId);
    admitted.set(req, { secret, principal, need });
    requireSecondFactor(req, principal);
    requireNeed(credential, need);
    return callOf(req, { sender, principal, db });
  };

  const body = async (req: IncomingMessage, { isOptional = false }: BodyOptions = {}): Promise<unknown> => {
    const json = await readJson(req, { ...bodyLimit, isOptional });
    const before = admitted.get(req);
    if (!before) throw new Error("A body was read before its request was admitted.");
    const now = await credentials.find(before.secret);
    if (!isDeepStrictEqual(now?.principal, before.principal) || now?.isQuarantined)
      throw credentialsInvalid();
    if (now?.isRotatedOut === true) refuseManaging(before.need);
    return json;
  };

  const session = async (req: IncomingMessage): Promise<Principal | null> => {
    const secret = bearerOf(req);
    const credential = secret === null ? null : await credentials.find(secret);
    return credential?.kind === "session" ? credential.principal : null;
  };

  return Object.assign(admit, { body, session });
}

/**
 * Requires the permission of a call.
 * @throws Problem `permission_missing`, `secret_rotated_out` (403) to a key that may not do this.
 */
function requireNeed({ kind, principal, isRotatedOut }: Credential, need: Need): void {
  if (kind === "session") return;
  if (need === "session") throw forbidden("A key cannot do this: sign in.");
  if (need === "developer") {
    if (kind === "management") return;
    throw forbidden("An ingest key can only write telemetry: use a management key, or sign in.");
  }
  if (!holds(principal, need)) throw forbidden(`The key lacks the permission ${need}.`);
  if (isRotatedOut) refuseManaging(need);
}

function quarantined(id: string): Problem {
  return problem(
    "key_quarantined",
    `The key works again after its owner confirms it: POST /v1/keys/${id}:confirm.`,
  );
}

/**
 * A secret is often rotated because somebody else may have it. Until its grace is over it can read and send,
 * but cannot make anything that would outlive it.
 */
function refuseManaging(need: Need): void {
  if (!managingPermissions.some((permission) => permission === need)) return;
  const detail =
    "This secret was rotated out: use the key's new one. Until its grace ends it cannot do this.";
  throw problem("secret_rotated_out", detail);
}

function forbidden(detail: string): Problem {
  return problem("permission_missing", detail);
}

/**
 * The paths that concern only the caller's own account. A reviewer or an admin reaches them without a second
 * factor, to enrol one. A path in another spelling does not match: it is refused, which is safe.
 */
export const accountMatters = /^\/v1\/(?:developers\/me|sessions)(?:[/:?]|$)/;

/**
 * Requires a second factor of a role.
 * @throws Problem `second_factor_required` (403) to a role without one, beyond its own account.
 */
function requireSecondFactor(req: IncomingMessage, { withheldRole }: Principal): void {
  if (withheldRole === null || accountMatters.test(req.url ?? "")) return;
  throw problem(
    "second_factor_required",
    `You are ${withheldRole}: sign in with a second factor, or enrol one (POST /v1/developers/me/totp).`,
  );
}

function bearerOf(req: IncomingMessage): string | null {
  return /^Bearer +([\w.~+/-]{1,512}=*)$/i.exec(req.headers.authorization ?? "")?.[1] ?? null;
}

function absent(): Problem {
  return problem("credentials_missing", "Send the header Authorization: Bearer <session token or key>.", {
    headers: { "WWW-Authenticate": "Bearer" },
  });
}

/**
 * The same answer for unknown, wrong, disabled, ended and revoked credentials: it does not reveal which of
 * these they are.
 */
export function credentialsInvalid(): Problem {
  return problem("credentials_invalid", "The session or key is unknown, has ended or was revoked.", {
    headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' },
  });
}
