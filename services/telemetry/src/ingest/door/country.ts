import type { IncomingMessage } from "node:http";
import type { IncomingBatch } from "../events/delivery.ts";

/** The country of a request, by the word of a proxy in front of us; no address is looked at. */
export type CountryOf = (req: IncomingMessage) => string | undefined;

/** @param header the header that the proxy sets, and takes away when a client sends it; null for none. */
export function createCountryOf(header: string | null): CountryOf {
  if (header === null) return () => undefined;
  const name = header.toLowerCase();
  return ({ headers }) => {
    const value = headers[name];
    // ISO 3166-1 alpha-2. `XX` is how proxies say that they do not know.
    return typeof value === "string" && /^[A-Z]{2}$/i.test(value) && !/^xx$/i.test(value)
      ? value.toUpperCase()
      : undefined;
  };
}

/** What the client itself says of its country comes first. */
export function addCountry(batch: IncomingBatch, country: string): void {
  batch.context ??= {};
  batch.context.country ||= country;
}
