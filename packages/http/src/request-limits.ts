import type { IncomingMessage, ServerResponse } from "node:http";
import { type ClientAddress, networkOf } from "./client-address.ts";
import { RateLimit, type RateLimitOptions } from "./rate-limit.ts";

/** Requests a minute, and as many at once after a pause. */
export interface RequestRates {
  /** GET, of an account, by all its keys and sessions. */
  reads: number;
  /** Everything else, of an account, by all its keys and sessions. */
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
   * @param account whose key or session the request is sent with: more of them are not more requests.
   * @throws Problem `rate_limited` (429).
   */
  admit(req: IncomingMessage, res: ServerResponse, account: string): void;
  /**
   * For what needs no credentials, and for credentials that are not good.
   * @throws Problem `rate_limited` (429).
   */
  admitAnyone(req: IncomingMessage, res: ServerResponse): void;
  /**
   * Before credentials are looked up that were not seen lately. Counted by address, and given back when they
   * are good: so whoever guesses is refused without a look-up after a while.
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

/** Reading the document and the reference page, of an address: what is the same for everybody is kept. */
const documentsPerMinute = 300;

export function createDocumentLimit(clientAddress: ClientAddress): Admit {
  const limit = new RateLimit({ name: "documents", per: "address", requestsPerMinute: documentsPerMinute });
  return (req, res) => limit.take(res, networkOf(clientAddress(req)));
}

/** Well-formed credentials that nobody has, from one address. A typo is none: its checksum is wrong. */
const unknownCredentialsPerMinute = 60;

function isRead({ method }: IncomingMessage): boolean {
  return method === "GET" || method === "HEAD";
}
