import Type, { type Static } from "typebox";
import { Nullable, Timestamp } from "./formats.ts";

/** The second proof of identity, beside a password or a provider. A recovery code replaces a lost device. */
export const SecondFactor = Type.Enum(["totp", "passkey", "recovery_code"]);
export type SecondFactor = Static<typeof SecondFactor>;

/**
 * The second factors that a developer has enrolled. `totp` is null when there is no authenticator app.
 * `recovery_codes_left` is the number of unused codes.
 */
export const SecondFactors = Type.Object({
  totp: Nullable(Type.Object({ created_at: Timestamp })),
  passkeys: Type.Integer(),
  recovery_codes_left: Type.Integer(),
});
export type SecondFactors = Static<typeof SecondFactors>;

/**
 * The secret for an authenticator app (RFC 6238: SHA-1, six digits, 30 s), returned only once. `secret` is
 * base32; `otpauth_uri` holds the same for a QR code. The factor counts once its first code was confirmed,
 * within 15 minutes.
 */
export const TotpSecret = Type.Object({ secret: Type.String(), otpauth_uri: Type.String() });
export type TotpSecret = Static<typeof TotpSecret>;

/** The six digits of an authenticator app, without spaces. */
export const TotpCode = Type.String({ pattern: "^[0-9]{6}$", examples: ["492039"] });

/** Body of `POST /v1/developers/me/totp:confirm`. */
export const TotpConfirmation = Type.Object({ code: TotpCode }, { additionalProperties: false });
export type TotpConfirmation = Static<typeof TotpConfirmation>;

/** Each code works once. The codes are returned only once, because only their hashes are stored. */
export const RecoveryCodes = Type.Object({ recovery_codes: Type.Array(Type.String()) });
export type RecoveryCodes = Static<typeof RecoveryCodes>;

/** `recovery_codes` is set when this is the developer's first factor, and null for a further one. */
export const FactorEnrolled = Type.Object({ recovery_codes: Nullable(Type.Array(Type.String())) });
export type FactorEnrolled = Static<typeof FactorEnrolled>;

/** A recovery code as it was typed. Case, spaces and dashes do not matter. */
export const TypedRecoveryCode = Type.String({ maxLength: 64 });
