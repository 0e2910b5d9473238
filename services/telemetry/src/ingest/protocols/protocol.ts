import type { IncomingMessage, ServerResponse } from "node:http";
import type { ProblemCode, ProblemDetail } from "@mosis/types/problems";
import type { BatchRefusal } from "../reading/batch.ts";
import type { Body, BodyTypes, SentBody } from "../reading/body.ts";
import type { IncomingBatch, Outcome } from "../events/delivery.ts";
import type { RateLimitFields } from "../events/refusal.ts";

/**
 * What one kind of client sends and expects to hear. `routes.ts` has the steps of a request, once for all
 * protocols; nothing here stores, counts or limits anything.
 */
export interface Protocol {
  /** Its path, as metrics name it. */
  route: string;
  types: BodyTypes;
  /** What a key of several apps has to send, for `app_required`. */
  appRequired: string;
  /** The credential among the headers, as `Bearer <secret>`; undefined when there is none. */
  credentialOf(req: IncomingMessage): string | undefined;
  /** A key of one app sends for that app, whatever the batch calls it. */
  appOfKeyFirst?: true;
  /**
   * The credentials that may be in a body, found without parsing it, for clients that send none in a header.
   * Which of them it is, `Reading` says.
   */
  keysIn?: (this: void, sent: SentBody) => string[];
  /** What to send a key as, for `credentials_missing`, and the scheme for `WWW-Authenticate`. */
  credentialsMissing: string;
  challenge: "Bearer" | "Basic";
  /** Bytes to batches. Nothing is thrown for what a client sent. */
  read(body: Body, req: IncomingMessage): Reading | BatchRefusal;
  /** Writes the whole answer, after the acknowledgement. */
  answer(res: ServerResponse, requestId: string, stored: Stored): void;
  /** Writes the whole answer of a request of which nothing was taken. */
  refuse(res: ServerResponse, requestId: string, refusal: Refusal): void;
}

/** What a body says. */
export interface Reading {
  /** The key that is in the body, as `Bearer <secret>`. */
  credential?: string | undefined;
  /** One delivery each. Several when not all events of the request have the same context or app. */
  batches: IncomingBatch[];
  /** The most that its events may take, written out as JSON. */
  eventBytesAtMost: number;
}

/** What became of a request that was stored. */
export interface Stored {
  /** Of the first batch, as it was sent; null when the request had none. */
  batchId: string | null;
  receivedAtMs: number;
  /** Sums over all deliveries. `index` of a result is within its delivery. */
  outcome: Outcome;
  /** Events whose app is not there or not named, while others of the same request were stored. */
  appless: number;
  /** Of the first app; null when there is none, and on a dry run, which takes nothing. */
  rateLimit: RateLimitFields | null;
}

export interface Refusal {
  code: ProblemCode;
  detail: string;
  errors?: ProblemDetail[] | undefined;
  headers: Record<string, string>;
}
