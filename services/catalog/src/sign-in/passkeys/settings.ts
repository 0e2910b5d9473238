import type { PasskeySettings } from "./ceremonies.ts";

/**
 * Where passkeys are made and used; null without an origin.
 * @param rpId null: the host of the first origin.
 * @throws Error for an origin that no browser would take the passkeys of `rpId` in.
 */
export function readPasskeySettings(origins: string[], rpId: string | null): PasskeySettings | null {
  const [first] = origins;
  if (first === undefined) {
    if (rpId === null) return null;
    throw new Error("PASSKEY_RP_ID needs PASSKEY_ORIGINS: the pages that may use passkeys.");
  }
  if (origins.includes("*")) throw new Error("PASSKEY_ORIGINS must name each origin, without *.");
  const domain = rpId ?? new URL(first).hostname;
  for (const origin of origins) {
    const { hostname } = new URL(origin);
    if (hostname !== domain && !hostname.endsWith(`.${domain}`)) {
      throw new Error(`PASSKEY_ORIGINS: ${origin} is not of the domain ${domain} (PASSKEY_RP_ID).`);
    }
  }
  return { rpId: domain, origins };
}
