import type { IncomingMessage, ServerResponse } from "node:http";
import { type ClientAddress, networkOf } from "./client-address.ts";
import { RateLimit, type RateLimitOptions } from "./rate-limit.ts";

/** Requests a minute, and as many at once after a pause. */
export interface RequestRates {
  /** GET, of a key or a session. */
  reads: number;
  /** Everything else, of a key or a session. */
  writes: number;
  /** GET, of an address, without credentials that are good. */
  publicReads: number;
  /** Everything else, of an address: signing in, registering, guessing. */
  publicWrites: number;
}

/** Counts a request before anything is done for it. @throws Problem `rate_limited` (429). */
export type Admit = (req: IncomingMessage, res: ServerResponse) => void;

/** Every request of a route is admitted by one of these, before its body is read. */
export interface RateLimits {
  /**
   * @param credential id of the key or session that the request is sent with.
   * @throws Problem `rate_limited` (429).
   */
  admit(req: IncomingMessage, res: ServerResponse, credential: string): void;
  /**
   * For what needs no credentials, and for credentials that are not good.
   * @throws Problem `rate_limited` (429).
   */
  admitAnyone(req: IncomingMessage, res: ServerResponse): void;
}

interface Deps {
  rates: RequestRates;
  clientAddress: ClientAddress;
}

export function createRateLimits({ rates, clientAddress }: Deps, options: RateLimitOptions = {}): RateLimits {
  const limit = (name: string, per: string, requestsPerMinute: number) =>
    new RateLimit({ name, per, requestsPerMinute }, options);
  const reads = limit("reads", "key or session", rates.reads);
  const writes = limit("writes", "key or session", rates.writes);
  const publicReads = limit("public-reads", "address", rates.publicReads);
  const publicWrites = limit("public-writes", "address", rates.publicWrites);
  return {
    admit(req, res, credential) {
      (isRead(req) ? reads : writes).take(res, credential);
    },
    admitAnyone(req, res) {
      (isRead(req) ? publicReads : publicWrites).take(res, networkOf(clientAddress(req)));
    },
  };
}

/** Reading the document and the reference page, of an address: what is the same for everybody is kept. */
const documentsPerMinute = 300;

export function createDocumentLimit(clientAddress: ClientAddress): Admit {
  const limit = new RateLimit({ name: "documents", per: "address", requestsPerMinute: documentsPerMinute });
  return (req, res) => limit.take(res, networkOf(clientAddress(req)));
}

function isRead({ method }: IncomingMessage): boolean {
  return method === "GET" || method === "HEAD";
}
