import { createRouter, parse } from "@mosis/http";
import { AccountDeletion } from "@mosis/types/developers";
import type { Router } from "express";
import { type Authenticate, bodyOptionsOf } from "../../access/authenticate.ts";
import { change, send } from "../../changes/change.ts";
import type { Credentials } from "../../access/credentials.ts";
import type { Confirm } from "../../sign-in/passwords/confirm.ts";
import { everyone } from "../../access/principal.ts";
import { deleteAccount } from "./changes.ts";

export function accountDeletionRoutes(deps: {
  authenticate: Authenticate;
  credentials: Pick<Credentials, "forget">;
  confirm: Confirm;
  mails: { wake(): void };
}): Router {
  const { authenticate, credentials, confirm, mails } = deps;
  const router = createRouter();

  router.post("/v1/developers/me\\:delete", async (req, res) => {
    const call = await authenticate(req, res, "session");
    const { principal } = call;
    const body = parse(AccountDeletion, await authenticate.body(req, bodyOptionsOf(AccountDeletion)), "body");
    const confirmed = await confirm(call, body.password);

    // The tenant is everybody, because a restriction made by the developer may be for somebody else's app.
    const answer = await change(call, { req, body, tenant: everyone }, async (tx) => {
      await deleteAccount(tx, call, confirmed);
      return { status: 204 };
    });

    credentials.forget(principal.developerId);
    mails.wake();
    send(res, answer);
  });

  return router;
}
