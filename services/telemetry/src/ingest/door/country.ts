import type { IncomingMessage } from "node:http";
import type { IncomingBatch } from "../events/delivery.ts";

/** Returns the country of a request as a proxy in front of us reports it; no address is looked up. */
export type CountryOf = (req: IncomingMessage) => string | undefined;

/**
 * Creates the function that reads the country.
 * @param header the header that the proxy sets, and removes when a client sends it; null for none.
 */
export function createCountryOf(header: string | null): CountryOf {
  if (header === null) return () => undefined;
  const name = header.toLowerCase();
  return ({ headers }) => {
    const value = headers[name];
    // The header has ISO 3166-1 alpha-2. Proxies send `XX` when they do not know the country.
    return typeof value === "string" && /^[A-Z]{2}$/i.test(value) && !/^xx$/i.test(value)
      ? value.toUpperCase()
      : undefined;
  };
}

/** Adds the country to a batch, unless the client has sent its own. */
export function addCountry(batch: IncomingBatch, country: string): void {
  batch.context ??= {};
  batch.context.country ||= country;
}
