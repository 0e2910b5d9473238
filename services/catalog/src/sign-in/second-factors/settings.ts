import { optionalText, originList, secretKeyList } from "@mosis/runtime";
import { readPasskeySettings } from "../passkeys/settings.ts";

export const secondFactorVariables = {
  TOTP_SECRET_KEYS: secretKeyList({
    about: "Encrypt secrets of authenticator apps: the first key those to come, the others are former ones.",
  }),
  PASSKEY_ORIGINS: originList({
    about: "Origins whose pages may make and use passkeys, commas between. Without one there are none.",
    default: [],
  }),
  PASSKEY_RP_ID: optionalText({
    about: "The domain that passkeys belong to: the host of the first origin, or a parent of all of them.",
  }),
};

/** @throws Error for origins that no browser would take the passkeys of the domain in. */
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
