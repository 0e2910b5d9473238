import { isIP } from "node:net";

/**
 * An address as a column takes it: without the zone of a link-local one. Null when the client has gone.
 */
export function storedAddress(address: string): string | null {
  const [plain = ""] = address.split("%", 1);
  return isIP(plain) === 0 ? null : plain;
}
