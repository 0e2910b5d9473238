import type { IncomingMessage } from "node:http";
import {
  etagOf,
  parse,
  type Problem,
  problem,
  requestId,
  requireMatch,
  sendPage,
  createRouter,
} from "@mosis/http";
import type { Pool, Queryable } from "@mosis/postgres";
import { NewSigningKey, type SigningKey, SigningKeyRevocation } from "@mosis/types/signing-keys";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { change, send } from "../../changes/change.ts";
import { isUuid } from "../../shared/identifier.ts";
import { notify } from "../../developers/mail-queue.ts";
import { appendOutbox } from "../../changes/outbox/append.ts";
import { createPaging } from "../../shared/page-position.ts";
import { type Principal, tenantOf } from "../../access/principal.ts";
import { stateConflict } from "../../shared/refusal.ts";
import { requireRecent } from "../../access/recent-sign-in.ts";
import { requireProof } from "./proof.ts";
import { type PublicKey, readPublicKey } from "./public-key.ts";
import {
  countLocked,
  findOwnSigningKey,
  insertSigningKey,
  listOwnSigningKeys,
  lockOwnSigningKey,
  revokeLocked,
} from "./queries.ts";

const activeKeysMax = 20;
/** Revoked ones are kept for good, so somebody could make them without end. */
const keysMax = 500;

/** The keys that packages are signed with. */
export function signingKeyRoutes({ db, authenticate }: { db: Pool; authenticate: Authenticate }): Router {
  const router = createRouter();
  const paging = createPaging("signing-keys");

  router.post("/v1/signing-keys", async (req, res) => {
    const principal = await authenticate(req, res, "signing-keys:write");
    requireAllApps(principal);
    const body = parse(NewSigningKey, await authenticate.body(req), "body");
    const key = readPublicKey(body.public_key);
    requireProof(principal.developerId, key, body.proof);

    const answer = await change(db, { req, principal, body }, async (tx) => {
      const created = await register(tx, req, { principal, name: body.name, key });
      const headers = { Location: `/v1/signing-keys/${created.id}`, ETag: tagOf(created) };
      return { status: 201, headers, body: created };
    });

    send(res, answer);
  });

  router.get("/v1/signing-keys", async (req, res) => {
    const principal = await authenticate(req, res, "signing-keys:read");
    const page = paging.read(req.query);
    const rows = await listOwnSigningKeys(db.as(tenantOf(principal)), principal.developerId, page);
    sendPage(res, paging.answer(rows, page));
  });

  router.get("/v1/signing-keys/:id", async (req, res) => {
    const principal = await authenticate(req, res, "signing-keys:read");
    const { id } = req.params;
    const own = db.as(tenantOf(principal));
    const key = isUuid(id) ? await findOwnSigningKey(own, principal.developerId, id) : null;
    if (!key) throw missing();
    res.set("ETag", tagOf(key)).json(key);
  });

  router.post<{ id: string }>("/v1/signing-keys/:id\\:revoke", async (req, res) => {
    const principal = await authenticate(req, res, "signing-keys:write");
    requireAllApps(principal);
    const body = parse(SigningKeyRevocation, await authenticate.body(req), "body");
    const { id } = req.params;
    if (!isUuid(id)) throw missing();

    const answer = await change(db, { req, principal, body }, async (tx) => {
      const revoked = await revoke(tx, req, { principal, id, ...body });
      return { status: 200, headers: { ETag: tagOf(revoked) }, body: revoked };
    });

    send(res, answer);
  });

  return router;
}

async function register(
  tx: Queryable,
  req: IncomingMessage,
  { principal, name, key }: { principal: Principal; name: string; key: PublicKey },
): Promise<SigningKey> {
  const { developerId } = principal;
  await requireRecent(tx, principal);
  const { all, active } = await countLocked(tx, developerId);
  if (active >= activeKeysMax) {
    throw problem("state_conflict", `You have ${activeKeysMax} active signing keys: revoke one first.`);
  }
  if (all >= keysMax) {
    throw problem("state_conflict", `You have registered ${keysMax} signing keys, and there can be no more.`);
  }
  const created = await insertSigningKey(tx, developerId, { name, ...key });
  if (!created) {
    const detail = `You have registered the key with the fingerprint ${key.fingerprint} before.`;
    throw problem("signing_key_taken", `${detail} A revoked key does not come back: make a new one.`);
  }
  const notice = { developerId, kind: "signing_key_added", requestId: requestId(req) } as const;
  await notify(tx, { ...notice, subjects: [created.fingerprint] });
  await tell(tx, req, { principal, key: created, action: "signing_key.created" });
  return created;
}

async function revoke(
  tx: Queryable,
  req: IncomingMessage,
  { principal, id, reason }: { principal: Principal; id: string; reason: string },
): Promise<SigningKey> {
  const locked = await lockOwnSigningKey(tx, principal.developerId, id);
  if (!locked) throw missing();
  requireMatch(req, tagOf(locked));
  if (!locked.is_active) {
    throw stateConflict("The signing key", {
      code: "signing_key_revoked",
      message: "was revoked already",
      fix: "Nothing has to be done: it verifies nothing new.",
    });
  }
  // A revoked key does not come back.
  await requireRecent(tx, principal);
  const revoked = await revokeLocked(tx, locked.id, reason);
  await tell(tx, req, { principal, key: revoked, action: "signing_key.revoked" });
  return revoked;
}

async function tell(
  tx: Queryable,
  req: IncomingMessage,
  { principal, key, action }: { principal: Principal; key: SigningKey; action: string },
): Promise<void> {
  const { allowed_actions: _, ...payload } = key;
  await appendOutbox(tx, {
    developerId: principal.developerId,
    actor: principal.actor,
    requestId: requestId(req),
    action,
    target: { type: "signing_key", id: key.id },
    payload,
  });
}

/** Signing keys are of the developer: with one that it registers, a key for one app could sign for all. */
function requireAllApps({ appIds }: Principal): void {
  if (appIds === null) return;
  const detail = "The key serves listed apps alone: register and revoke signing keys with one for every app.";
  throw problem("permission_missing", detail);
}

function tagOf(key: SigningKey): string {
  return etagOf(JSON.stringify(key));
}

function missing(): Problem {
  return problem("not_found", "There is no such signing key.");
}
