import { createHash } from "node:crypto";
import { problem } from "@mosis/http";
import { isOrphan, type Pool, type Queryable, transaction } from "@mosis/postgres";
import type { Request, Response } from "express";
import { credentialsInvalid } from "../access/authenticate.ts";
import type { Call } from "../access/call.ts";
import {
  findAnswered,
  insertRequest,
  type RequestKey,
  tryLockRequest,
  updateAnswer,
} from "./idempotency/queries.ts";
import { seal, unseal } from "./idempotency/seal.ts";

/** What a change is answered. Without a body the answer has none. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: object;
}

/** The request that asks for a change. */
interface Sent {
  req: Request;
  /** As it came: what an Idempotency-Key stands for. */
  body?: unknown;
  /** Whose rows it needs, when these are not the principal's. */
  tenant?: string;
}

/**
 * Runs a change in one transaction, and with the header Idempotency-Key once
 * (draft-ietf-httpapi-idempotency-key-header): its answer is kept for 24 hours, and told again to whoever
 * sends the same request with the same credentials and key. A change that throws leaves nothing.
 * @param work the change, with its outbox rows last; done again after a deadlock.
 * @throws Problem `request_in_flight` (409), `idempotency_key_reused` (422), `invalid_request` (400) for a
 * key that is none, and whatever `work` throws; `credentials_invalid` (401) for an account that is
 * gone by then.
 */
export async function change(
  call: Call,
  sent: Sent,
  work: (tx: Queryable) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await changeOnce(call, sent, work);
  } catch (error) {
    // The account was deleted while this waited for it.
    throw isOrphan(error, /developer_id_fkey$|created_by_fkey$/) ? credentialsInvalid() : error;
  }
}

/**
 * As `change`, for a change with something before its transaction that a repeated request must not do again:
 * a password is checked, a mail counted. Requests with one Idempotency-Key that come at once may each do it.
 * @param before what the change needs; what it throws is answered, unless the first request made it wrong.
 * @param work is given what `before` made.
 * @throws Problem as `change`, and whatever `before` throws.
 */
export async function changeAfter<T>(
  call: Call,
  sent: Sent,
  before: () => Promise<T>,
  work: (tx: Queryable, ready: T) => Promise<Answer>,
): Promise<Answer> {
  const request = keyedRequestOf(call, sent);
  const db = databaseOf(call, sent);
  const findFirst = async () => request && findAnswer(db, request);
  const first = await findFirst();
  if (first) return first;
  let ready: T;
  try {
    ready = await before();
  } catch (error) {
    const first = await findFirst();
    if (first) return first;
    throw error;
  }
  return change(call, sent, (tx) => work(tx, ready));
}

function changeOnce(call: Call, sent: Sent, work: (tx: Queryable) => Promise<Answer>): Promise<Answer> {
  const request = keyedRequestOf(call, sent);
  const db = databaseOf(call, sent);
  if (request === null) return transaction(db, work);

  return transaction(db, async (tx) => {
    if (!(await tryLockRequest(tx, request))) {
      throw problem("request_in_flight", "Wait for the first request, or send it again in a second.", {
        headers: { "Retry-After": "1" },
      });
    }
    const first = await findAnswer(tx, request);
    if (first) return first;
    await insertRequest(tx, request, request.requestHash);
    const answer = await work(tx);
    await updateAnswer(tx, request, seal(JSON.stringify(answer), request.secrets));
    return answer;
  });
}

interface KeyedRequest extends RequestKey {
  requestHash: Buffer;
  /** With what its answer is sealed. */
  secrets: { credentials: string; key: string };
}

function databaseOf(call: Call, { tenant }: Sent): Pool {
  return tenant === undefined ? call.db : call.db.as(tenant);
}

function keyedRequestOf({ principal }: Call, { req, body }: Sent): KeyedRequest | null {
  const key = idempotencyKeyOf(req);
  if (key === null) return null;
  const credentials = req.headers.authorization ?? "";
  // With the credentials: a key that was rotated is the same principal, and could not read the answer. They
  // are also why nobody finds a password in the body by guessing at the hash.
  const requestHash = sha256(JSON.stringify([req.method, req.originalUrl, credentials, body ?? null]));
  return { principal, hash: sha256(key), requestHash, secrets: { credentials, key } };
}

async function findAnswer(db: Queryable, request: KeyedRequest): Promise<Answer | null> {
  const first = await findAnswered(db, request);
  if (first && !first.request_hash.equals(request.requestHash)) {
    throw problem(
      "idempotency_key_reused",
      "Send another Idempotency-Key with another request, or other credentials.",
    );
  }
  return first && repeated(unseal(first.answer, request.secrets));
}

/** Answers with what a change gave. */
export function send(res: Response, { status, headers = {}, body }: Answer): void {
  res.status(status).set(headers);
  if (body === undefined) res.end();
  else res.json(body);
}

function repeated(text: string): Answer {
  const answer = JSON.parse(text) as Answer;
  return { ...answer, headers: { ...answer.headers, "Idempotency-Replayed": "true" } };
}

function idempotencyKeyOf(req: Request): string | null {
  const key = req.headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key === "string" && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw problem(
    "invalid_request",
    "An Idempotency-Key is 1 to 255 visible ASCII characters, a UUID for example.",
  );
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
