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

/** The answer to a change. Without `body` it has no body. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: object;
}

/** The request that asks for a change. */
interface Sent {
  req: Request;
  /** The body as it was sent; an Idempotency-Key stands for exactly this. */
  body?: unknown;
  /** The tenant whose rows it needs, when it is not the principal. */
  tenant?: string;
}

/**
 * Runs a change in one transaction. With the header Idempotency-Key it runs once
 * (draft-ietf-httpapi-idempotency-key-header): the answer is kept for 24 hours, and sent again when the same
 * request comes with the same credentials and key. A change that throws leaves nothing.
 * @param work the change, with its outbox rows last; it runs again after a deadlock.
 * @throws Problem `request_in_flight` (409), `idempotency_key_reused` (422), `invalid_request` (400) for a
 * key that is not valid, and the error of `work`; `credentials_invalid` (401) for an account that was deleted
 * meanwhile.
 */
export async function change(
  call: Call,
  sent: Sent,
  work: (tx: Queryable) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await changeOnce(call, sent, work);
  } catch (error) {
    // The account was deleted while this request waited for it.
    throw isOrphan(error, /developer_id_fkey$|created_by_fkey$/) ? credentialsInvalid() : error;
  }
}

/**
 * Runs a change as `change` does, after a step outside its transaction that a repeated request must not do
 * again: a password is checked, a mail counted. Concurrent requests with one Idempotency-Key may each do that
 * step.
 * @param before returns what the change needs; its error is the answer, unless the first request caused it.
 * @param work gets the result of `before`.
 * @throws Problem as `change`, and the error of `before`.
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
  /** The secrets that the answer is sealed with. */
  secrets: { credentials: string; key: string };
}

function databaseOf(call: Call, { tenant }: Sent): Pool {
  return tenant === undefined ? call.db : call.db.as(tenant);
}

function keyedRequestOf({ principal }: Call, { req, body }: Sent): KeyedRequest | null {
  const key = idempotencyKeyOf(req);
  if (key === null) return null;
  const credentials = req.headers.authorization ?? "";
  // The credentials are part of the hash: a key that was rotated is the same principal, and could not read
  // the answer. They also prevent guessing at a password in the body by its hash.
  const requestHash = sha256(JSON.stringify([req.method, req.originalUrl, credentials, body ?? null]));
  return { principal, hash: sha256(key), requestHash, secrets: { credentials, key } };
}

async function findAnswer(db: Queryable, request: KeyedRequest): Promise<Answer | null> {
  const first = await findAnswered(db, request);
  if (first && !first.request_hash.equals(request.requestHash)) {
    throw problem(
      "idempotency_key_reused",
      "Use a new Idempotency-Key for another request or other credentials.",
    );
  }
  return first && repeated(unseal(first.answer, request.secrets));
}

/** Sends the answer of a change. */
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
