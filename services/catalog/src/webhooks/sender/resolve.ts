import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";

/**
 * Returns every address of a name.
 * @throws Error when it has none, or no name server answers.
 */
export type Resolve = (hostname: string) => Promise<string[]>;

/**
 * Asks the system's name servers, without its hosts file. It does not use `getaddrinfo`, which occupies one
 * of four threads for as long as a name server stays silent.
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
