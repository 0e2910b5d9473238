import { optionalText, originList, secretKeyList } from "@mosis/runtime";
import type { PasskeySettings } from "../passkeys/ceremonies.ts";

export const secondFactorVariables = {
  TOTP_SECRET_KEYS: secretKeyList({
    about:
      "Keys that encrypt authenticator secrets: the first encrypts new ones, the others are previous keys.",
  }),
  PASSKEY_ORIGINS: originList({
    about:
      "Origins whose pages may make and use passkeys, separated by commas. Unset, there are no passkeys.",
    default: [],
  }),
  PASSKEY_RP_ID: optionalText({
    about:
      "The domain that passkeys belong to: equal to or above the host of every origin; unset, the host of " +
      "the first one. With another domain all passkeys are lost.",
  }),
};

/**
 * Reads the options.
 * @throws Error for an origin where no browser would accept the passkeys of the domain.
 */
export function secondFactorOptions(values: {
  TOTP_SECRET_KEYS: Buffer[];
  PASSKEY_ORIGINS: string[];
  PASSKEY_RP_ID: string | null;
}) {
  return {
    totpSecretKeys: values.TOTP_SECRET_KEYS,
    passkeys: readPasskeySettings(values.PASSKEY_ORIGINS, values.PASSKEY_RP_ID),
  };
}

/**
 * Returns the settings of passkeys; null without an origin.
 * @param rpId null for the host of the first origin.
 * @throws Error for an origin where no browser would accept the passkeys of `rpId`.
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
