import { Secret, TOTP } from "otpauth";

// RFC 6238 as authenticator apps expect it. Apps ignore other algorithms, lengths and periods in the URI.
const shape = { algorithm: "SHA1", digits: 6, period: 30 } as const;
/** RFC 4226 §4: as many bytes as the hash has. */
const secretBytes = 20;
/** Clocks that are off by one step, and codes that were typed slowly (RFC 6238 §5.2). */
const stepsOff = 1;

/** A new secret, base32. */
export function newTotpSecret(): string {
  return new Secret({ size: secretBytes }).base32;
}

/** What a QR code holds. */
export function otpauthUri(secret: string, email: string): string {
  return new TOTP({ ...shape, issuer: "Mosis", label: email, secret }).toString();
}

/** The step whose code it is: 30 seconds, counted from 1970. Null when no step near `nowMs` has it. */
export function stepOfCode(secret: string, code: string, nowMs: number): number | null {
  const totp = new TOTP({ ...shape, secret });
  const delta = totp.validate({ token: code, timestamp: nowMs, window: stepsOff });
  return delta === null ? null : totp.counter({ timestamp: nowMs }) + delta;
}
