import Type, { type Static } from "typebox";
import { Nullable, Timestamp } from "./formats.ts";

/** What proves somebody beside a password or a provider. A recovery code stands in for a lost device. */
export const SecondFactor = Type.Enum(["totp", "passkey", "recovery_code"]);
export type SecondFactor = Static<typeof SecondFactor>;

/**
 * What a developer has enrolled. `totp` is null without an authenticator app. `recovery_codes_left` counts
 * the codes that were not used yet.
 */
export const SecondFactors = Type.Object({
  totp: Nullable(Type.Object({ created_at: Timestamp })),
  passkeys: Type.Integer(),
  recovery_codes_left: Type.Integer(),
});
export type SecondFactors = Static<typeof SecondFactors>;

/**
 * The secret for an authenticator app, told once (RFC 6238: SHA-1, six digits, 30 s). `secret` is base32, and
 * `otpauth_uri` has the same for a QR code. It counts from its first code on, which is taken for 15 minutes.
 */
export const TotpSecret = Type.Object({ secret: Type.String(), otpauth_uri: Type.String() });
export type TotpSecret = Static<typeof TotpSecret>;

/** Six digits of an authenticator app. Spaces are no part of it. */
export const TotpCode = Type.String({ pattern: "^[0-9]{6}$", examples: ["492039"] });

/** Body of `POST /v1/developers/me/totp:confirm`. */
export const TotpConfirmation = Type.Object({ code: TotpCode }, { additionalProperties: false });
export type TotpConfirmation = Static<typeof TotpConfirmation>;

/** Each works once. Told once: only hashes are stored. */
export const RecoveryCodes = Type.Object({ recovery_codes: Type.Array(Type.String()) });
export type RecoveryCodes = Static<typeof RecoveryCodes>;

/** `recovery_codes` of somebody who has enrolled the first factor; null for a further one. */
export const FactorEnrolled = Type.Object({ recovery_codes: Nullable(Type.Array(Type.String())) });
export type FactorEnrolled = Static<typeof FactorEnrolled>;

/** A recovery code as it was typed: the case of letters, spaces and dashes do not matter. */
export const TypedRecoveryCode = Type.String({ maxLength: 64 });
