import { createRouter, parse, sendPage } from "@mosis/http";
import { NewSigningKey, SigningKeyRevocation } from "@mosis/types/signing-keys";
import type { Router } from "express";
import type { Authenticate } from "../../access/authenticate.ts";
import { requireEveryApp } from "../../access/principal.ts";
import { change, send } from "../../changes/change.ts";
import { isUuid } from "../../shared/identifier.ts";
import { createPaging } from "../../shared/page-position.ts";
import * as changes from "./changes.ts";
import { readPublicKey } from "./public-key.ts";
import { findOwnSigningKey, listOwnSigningKeys } from "./queries.ts";

/** A key for one app that could register a signing key would sign for all apps. */
const everyAppFix = "register and revoke signing keys with a key for every app.";

/** Serves the keys that packages are signed with. */
export function signingKeyRoutes({ authenticate }: { authenticate: Authenticate }): Router {
  const router = createRouter();
  const paging = createPaging("signing-keys");

  router.post("/v1/signing-keys", async (req, res) => {
    const call = await authenticate(req, res, "signing-keys:write");
    const { principal } = call;
    requireEveryApp(principal, everyAppFix);
    const body = parse(NewSigningKey, await authenticate.body(req), "body");
    const key = readPublicKey(body.public_key);
    changes.requireProof(principal.developerId, key, body.proof);

    const answer = await change(call, { req, body }, async (tx) => {
      const created = await changes.registerSigningKey(tx, call, { name: body.name, key });
      const headers = { Location: `/v1/signing-keys/${created.id}`, ETag: changes.tagOf(created) };
      return { status: 201, headers, body: created };
    });

    send(res, answer);
  });

  router.get("/v1/signing-keys", async (req, res) => {
    const call = await authenticate(req, res, "signing-keys:read");
    const { principal } = call;
    const page = paging.read(req.query);
    const rows = await listOwnSigningKeys(call.db, principal.developerId, page);
    sendPage(res, paging.answer(rows, page));
  });

  router.get("/v1/signing-keys/:id", async (req, res) => {
    const call = await authenticate(req, res, "signing-keys:read");
    const { principal } = call;
    const { id } = req.params;
    const key = isUuid(id) ? await findOwnSigningKey(call.db, principal.developerId, id) : null;
    if (!key) throw changes.missingSigningKey();
    res.set("ETag", changes.tagOf(key)).json(key);
  });

  router.post<{ id: string }>("/v1/signing-keys/:id\\:revoke", async (req, res) => {
    const call = await authenticate(req, res, "signing-keys:write");
    requireEveryApp(call.principal, everyAppFix);
    const body = parse(SigningKeyRevocation, await authenticate.body(req), "body");
    const { reason } = body;
    const { id } = req.params;
    if (!isUuid(id)) throw changes.missingSigningKey();

    const answer = await change(call, { req, body }, async (tx) => {
      const revoked = await changes.revokeSigningKey(tx, call, id, reason);
      return { status: 200, headers: { ETag: changes.tagOf(revoked) }, body: revoked };
    });

    send(res, answer);
  });

  return router;
}
