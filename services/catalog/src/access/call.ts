import type { IncomingMessage } from "node:http";
import { requestId } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { type Principal, tenantOf } from "./principal.ts";

/** Who asks for something, and how. Handlers hand it on; what lies below them does not see the request. */
export interface Call {
  principal: Principal;
  /** A connection that sees only the rows that the principal may reach, whatever a statement says. */
  db: Pool;
  requestId: string;
  /** The header If-Match; undefined when the client sent none. */
  ifMatch: string | undefined;
}

/** @param db sees no rows until it is told whose. */
export function callOf(req: IncomingMessage, principal: Principal, db: Pool): Call {
  return {
    principal,
    db: db.as(tenantOf(principal)),
    requestId: requestId(req),
    ifMatch: req.headers["if-match"],
  };
}
