import type { IncomingMessage } from "node:http";
import { type ClientAddress, requestId } from "@mosis/http";
import type { Pool } from "@mosis/postgres";
import { type Principal, tenantOf } from "./principal.ts";

/** The origin of a request, with or without credentials. */
export interface Sender {
  requestId: string;
  /** The address of the client, as the trusted proxies report it. */
  address: string;
  /** The header User-Agent; undefined when the client sent none. */
  userAgent: string | undefined;
}

/**
 * The caller of an operation, and the parts of the request that handlers pass on. Functions below a handler
 * do not see the request.
 */
export interface Call extends Sender {
  principal: Principal;
  /** A connection that sees only the rows that the principal may reach, whatever a statement says. */
  db: Pool;
  /** The header If-Match; undefined when the client sent none. */
  ifMatch: string | undefined;
}

export type SenderOf = (req: IncomingMessage) => Sender;

export function createSenderOf(clientAddress: ClientAddress): SenderOf {
  return (req) => ({
    requestId: requestId(req),
    address: clientAddress(req),
    userAgent: req.headers["user-agent"],
  });
}

/**
 * Returns the call of a request.
 * @param db sees no rows until a tenant is set.
 */
export function callOf(
  req: IncomingMessage,
  { sender, principal, db }: { sender: Sender; principal: Principal; db: Pool },
): Call {
  return { ...sender, principal, db: db.as(tenantOf(principal)), ifMatch: req.headers["if-match"] };
}
