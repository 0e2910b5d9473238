import { createCursors, pageOf, parse, problem, sendPage, createRouter } from "@mosis/http";
import { AuditQuery } from "@mosis/types/audit";
import type { Router } from "express";
import type { Authenticate } from "../access/authenticate.ts";
import type { StoreOf } from "../store/store-shares.ts";
import { AuditPosition, listAuditEvents } from "./queries.ts";

export function auditRoutes({
  storeOf,
  authenticate,
}: {
  storeOf: StoreOf;
  authenticate: Authenticate;
}): Router {
  const router = createRouter();
  const cursors = createCursors("audit", AuditPosition);

  router.get("/v1/audit", async (req, res) => {
    const grant = await authenticate(req, res, ["audit:read"]);
    const { limit = 50, cursor, ...filters } = parse(AuditQuery, req.query, "query");
    if (grant.appIds !== null) {
      // An audit trail with holes that nobody sees would be worse than none.
      throw problem(
        "permission_missing",
        "The key serves only listed apps: read the audit trail with a key for every app.",
      );
    }

    const behind = cursor === undefined ? null : cursors.decode(cursor);
    const rows = await listAuditEvents(storeOf(grant), grant.developerId, { ...filters, limit, behind });
    sendPage(res, pageOf(rows, limit, cursors));
  });

  return router;
}
