import type { IncomingMessage, ServerResponse } from "node:http";
import { type ClientAddress, networkOf } from "./client-address.ts";
import { RateLimit, type RateLimitOptions } from "./rate-limit.ts";

/** Requests a minute. The same number is allowed as a burst after a pause. */
export interface RequestRates {
  /** GET requests of an account, over all its keys and sessions. */
  reads: number;
  /** All other requests of an account, over all its keys and sessions. */
  writes: number;
  /** GET requests of an address without valid credentials. */
  publicReads: number;
  /** All other requests of an address without valid credentials: signing in, registering, guessing. */
  publicWrites: number;
}

/**
 * Counts a request before anything is done for it.
 * @throws Problem `rate_limited` (429).
 */
export type Admit = (req: IncomingMessage, res: ServerResponse) => void;

/**
 * The limits for requests. One of these functions admits every request of a route, before its body is read.
 */
export interface RateLimits {
  /**
   * Counts a request with valid credentials.
   * @param account The account whose key or session sends the request, so that more keys do not allow more
   * requests.
   * @throws Problem `rate_limited` (429).
   */
  admit(req: IncomingMessage, res: ServerResponse, account: string): void;
  /**
   * Counts a request that needs no credentials, or whose credentials are not valid.
   * @throws Problem `rate_limited` (429).
   */
  admitAnyone(req: IncomingMessage, res: ServerResponse): void;
  /**
   * Counts a look-up of credentials that were not seen lately. It counts by address and is given back when
   * the credentials are valid, so that a guesser is soon refused without a look-up.
   * @throws Problem `rate_limited` (429).
   */
  admitLookUp(req: IncomingMessage, res: ServerResponse): { giveBack(): void };
}

interface Deps {
  rates: RequestRates;
  clientAddress: ClientAddress;
}

export function createRateLimits({ rates, clientAddress }: Deps, options: RateLimitOptions = {}): RateLimits {
  const limit = (name: string, per: string, requestsPerMinute: number) =>
    new RateLimit({ name, per, requestsPerMinute }, options);
  const reads = limit("reads", "account", rates.reads);
  const writes = limit("writes", "account", rates.writes);
  const publicReads = limit("public-reads", "address", rates.publicReads);
  const publicWrites = limit("public-writes", "address", rates.publicWrites);
  const lookUps = limit("unknown-credentials", "address", unknownCredentialsPerMinute);
  return {
    admit(req, res, account) {
      (isRead(req) ? reads : writes).take(res, account);
    },
    admitLookUp(req, res) {
      const address = networkOf(clientAddress(req));
      lookUps.take(res, address);
      return { giveBack: () => lookUps.giveBack(address) };
    },
    admitAnyone(req, res) {
      (isRead(req) ? publicReads : publicWrites).take(res, networkOf(clientAddress(req)));
    },
  };
}

/**
 * Requests of an address for the document and the reference page. Clients cache both, which are the same for
 * everybody.
 */
const documentsPerMinute = 300;

export function createDocumentLimit(clientAddress: ClientAddress): Admit {
  const limit = new RateLimit({ name: "documents", per: "address", requestsPerMinute: documentsPerMinute });
  return (req, res) => limit.take(res, networkOf(clientAddress(req)));
}

/** Well-formed but unknown credentials from one address. A typo does not count: its checksum is wrong. */
const unknownCredentialsPerMinute = 60;

function isRead({ method }: IncomingMessage): boolean {
  return method === "GET" || method === "HEAD";
}
