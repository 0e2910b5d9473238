import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";

/** Every address of a name. @throws Error when it has none, or nobody says. */
export type Resolve = (hostname: string) => Promise<string[]>;

/**
 * Asks the name servers of the system, without its hosts file. Not by `getaddrinfo`: that takes one of four
 * threads for as long as a name server of somebody takes to be silent.
 */
export function createResolve(): Resolve {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  return async (hostname) => {
    if (isIP(hostname) !== 0) return [hostname];
    if (/^(.+\.)?localhost\.?$/.test(hostname)) return ["127.0.0.1"];
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const addresses = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    if (addresses.length > 0) return addresses;
    const [first] = answers;
    throw first.status === "rejected" ? first.reason : new Error(`${hostname} has no address`);
  };
}
