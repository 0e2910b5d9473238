import type { Queryable } from "@mosis/postgres";
import { newId } from "@mosis/runtime";
import type { SecondFactor } from "@mosis/types/second-factors";
import type { SessionWithToken } from "@mosis/types/sessions";
import type { Call, Sender } from "../../access/call.ts";
import { authorOf, type Event, record, sessionDeleted } from "../../changes/outbox/record.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import { storedAddress } from "../../access/queries.ts";
import { noteDevice } from "./device.ts";
import {
  deleteEndedSessions,
  deleteOldestSessions,
  deleteOtherSessions,
  deleteOwnSession,
  insertSession,
} from "./queries.ts";
import { newSessionToken } from "../../access/session-token.ts";

/** The lifetime of a session: after signing in, and without a request. */
export interface SessionLife {
  hours: number;
  idleMinutes: number;
}

/**
 * Begins a session for a developer who has proved who they are. Call it last in its transaction: see
 * `record`.
 */
export type BeginSession = (
  tx: Queryable,
  by: {
    sender: Sender;
    developerId: string;
    /** The factor that was proved beside a password or a provider. */
    secondFactor: SecondFactor | null;
    /** The events that signing in has caused, for the audit trail. */
    events: readonly Event[];
  },
) => Promise<SessionWithToken>;

export function createBeginSession(life: SessionLife): BeginSession {
  return (tx, { sender, developerId, secondFactor, events }) => {
    const from = { address: storedAddress(sender.address), userAgent: shownUserAgent(sender) };
    const { requestId } = sender;
    return createSession(tx, { developerId, requestId, secondFactor, events, ...from, ...life });
  };
}

interface NewSession extends SessionLife {
  developerId: string;
  requestId: string;
  address: string | null;
  userAgent: string | null;
  secondFactor: SecondFactor | null;
  events: readonly Event[];
}

async function createSession(tx: Queryable, session: NewSession): Promise<SessionWithToken> {
  const { developerId, requestId } = session;
  const id = newId();
  const token = newSessionToken();
  await deleteEndedSessions(tx, developerId);
  const ousted = await deleteOldestSessions(tx, developerId);
  const created = await insertSession(tx, { ...session, id, tokenHash: hashSecret(token) });
  await noteDevice(tx, session);
  const author = { developerId, actor: { kind: "session", id }, requestId } as const;
  await record(tx, author, ...session.events, ...ousted.map((old) => sessionDeleted(old)), {
    action: "session.created",
    target: { type: "session", id },
    payload: created,
  });
  return { token, expires_at: created.expires_at };
}

const userAgentLengthMax = 200;

/**
 * Returns the client's own name, so that the owner recognises it in the list. Returns null when the client
 * sends none.
 */
function shownUserAgent({ userAgent = "" }: Sender): string | null {
  const text = userAgent.replaceAll(/[^\x20-\x7e]/g, "").slice(0, userAgentLengthMax);
  return text === "" ? null : text;
}

/** Ends one session of the developer. Returns false when there is no such session. */
export async function endSession(tx: Queryable, call: Call, id: string): Promise<boolean> {
  if (!(await deleteOwnSession(tx, call.principal.developerId, id))) return false;
  await record(tx, authorOf(call), sessionDeleted({ id }));
  return true;
}

/** Ends all sessions of the developer except the one that asks. Returns how many have ended. */
export async function endOtherSessions(tx: Queryable, call: Call): Promise<number> {
  const { developerId, actor } = call.principal;
  const ended = await deleteOtherSessions(tx, developerId, actor.id);
  await record(tx, authorOf(call), ...ended.map((session) => sessionDeleted(session)));
  return ended.length;
}
