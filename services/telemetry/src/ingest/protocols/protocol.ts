import type { IncomingMessage, ServerResponse } from "node:http";
import type { ProblemCode, ProblemDetail } from "@mosis/types/problems";
import type { BatchRefusal } from "../reading/batch.ts";
import type { Body, BodyTypes, SentBody } from "../reading/body.ts";
import type { IncomingBatch, Outcome } from "../events/delivery.ts";
import type { RateLimitFields } from "../events/refusal.ts";

/**
 * A protocol knows what one kind of client sends and the answers that it expects. `routes.ts` has the steps
 * of a request, once for all protocols; a protocol stores, counts and limits nothing.
 */
export interface Protocol {
  /** The path of the route, as metrics name it. */
  route: string;
  types: BodyTypes;
  /** The detail for `app_required`: what the client has to send with a key of several apps. */
  appRequired: string;
  /** Returns the credential among the headers, as `Bearer <secret>`; undefined when there is none. */
  credentialOf(req: IncomingMessage): string | undefined;
  /** Set when a key of one app always sends for that app, whatever the batch names. */
  appOfKeyFirst?: true;
  /**
   * Returns the credentials that may be in a body, found without parsing it, for clients that send none in a
   * header. `Reading` says which of them counts.
   */
  keysIn?: (this: void, sent: SentBody) => string[];
  /** The detail for `credentials_missing`: how to send a key; and the scheme for `WWW-Authenticate`. */
  credentialsMissing: string;
  challenge: "Bearer" | "Basic";
  /** Reads the batches from the bytes. Nothing is thrown for what a client sent. */
  read(body: Body, req: IncomingMessage): Reading | BatchRefusal;
  /** Writes the whole answer, after the acknowledgement. */
  answer(res: ServerResponse, requestId: string, stored: Stored): void;
  /** Writes the whole answer to a request of which nothing was stored. */
  refuse(res: ServerResponse, requestId: string, refusal: Refusal): void;
}

/** The content of a body. */
export interface Reading {
  /** The key that is in the body, as `Bearer <secret>`. */
  credential?: string | undefined;
  /**
   * The batches, one delivery each. There are several when not all events of the request have the same
   * context or app.
   */
  batches: IncomingBatch[];
  /** The most bytes that its events may take, written out as JSON. */
  eventBytesAtMost: number;
}

/** The result of a request that was stored. */
export interface Stored {
  /** The id of the first batch, as it was sent; null when the request had none. */
  batchId: string | null;
  receivedAtMs: number;
  /** The sums over all deliveries. `index` of a result is within its delivery. */
  outcome: Outcome;
  /** Events whose app does not exist or is not named, while others of the same request were stored. */
  eventsWithoutApp: number;
  /** The fields of the first app; null when there is none, and on a dry run, which uses up nothing. */
  rateLimit: RateLimitFields | null;
}

export interface Refusal {
  code: ProblemCode;
  detail: string;
  errors?: ProblemDetail[] | undefined;
  headers: Record<string, string>;
}
