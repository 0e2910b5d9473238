import type { IncomingMessage } from "node:http";
import { type ClientAddress, requestId } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { SecondFactor } from "@mosis/types/second-factors";
import type { SessionWithToken } from "@mosis/types/sessions";
import { appendAll, type Change } from "../../changes/outbox/append.ts";
import { sessionDeleted } from "../../changes/outbox/events.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import { storedAddress } from "../../access/stored-address.ts";
import { noteDevice } from "./new-device.ts";
import { deleteEndedSessions, deleteOldestSessions, insertSession } from "./queries.ts";
import { newSessionToken } from "../../access/session-token.ts";

/** How long a session lasts: after signing in, and without a request. */
export interface SessionLife {
  hours: number;
  idleMinutes: number;
}

/** Signs a developer in who was found to be one. Last in its transaction: see `appendOutbox`. */
export type BeginSession = (
  tx: Queryable,
  by: {
    req: IncomingMessage;
    developerId: string;
    /** What was proved beside a password or a provider. */
    secondFactor: SecondFactor | null;
    /** What signing in has changed, for the audit trail. */
    changes: readonly Change[];
  },
) => Promise<SessionWithToken>;

export function createBeginSession(deps: { clientAddress: ClientAddress; life: SessionLife }): BeginSession {
  const { clientAddress, life } = deps;
  return (tx, { req, developerId, secondFactor, changes }) => {
    const from = { address: storedAddress(clientAddress(req)), userAgent: userAgentOf(req) };
    return createSession(tx, {
      developerId,
      requestId: requestId(req),
      secondFactor,
      changes,
      ...from,
      ...life,
    });
  };
}

interface NewSession extends SessionLife {
  developerId: string;
  requestId: string;
  address: string | null;
  userAgent: string | null;
  secondFactor: SecondFactor | null;
  changes: readonly Change[];
}

async function createSession(tx: Queryable, session: NewSession): Promise<SessionWithToken> {
  const { developerId, requestId } = session;
  const id = newId();
  const token = newSessionToken();
  const by = { developerId, actor: { kind: "session", id } as const, requestId };
  await deleteEndedSessions(tx, developerId);
  const ousted = await deleteOldestSessions(tx, developerId);
  const created = await insertSession(tx, { ...session, id, tokenHash: hashSecret(token) });
  await noteDevice(tx, session);
  await appendAll(tx, [
    ...session.changes,
    ...ousted.map((old) => sessionDeleted(by, old)),
    { ...by, action: "session.created", target: { type: "session", id }, payload: created },
  ]);
  return { token, expires_at: created.expires_at };
}

const userAgentLengthMax = 200;

/** What the client calls itself, so that its owner knows it again in the list. Null when it says nothing. */
function userAgentOf(req: IncomingMessage): string | null {
  const text = (req.headers["user-agent"] ?? "").replaceAll(/[^\x20-\x7e]/g, "").slice(0, userAgentLengthMax);
  return text === "" ? null : text;
}
