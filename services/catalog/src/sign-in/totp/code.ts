import { Secret, TOTP } from "otpauth";

// RFC 6238 as authenticator apps expect it. Apps ignore other algorithms, lengths and periods in the URI.
const shape = { algorithm: "SHA1", digits: 6, period: 30 } as const;
/** RFC 4226 §4: the secret has as many bytes as the hash. */
const secretBytes = 20;
/** One step allows for clocks that are off, and for codes that were typed slowly (RFC 6238 §5.2). */
const stepsOff = 1;

/** Returns a new secret in base32. */
export function newTotpSecret(): string {
  return new Secret({ size: secretBytes }).base32;
}

/** Returns the URI that a QR code contains. */
export function otpauthUri(secret: string, email: string): string {
  return new TOTP({ ...shape, issuer: "Mosis", label: email, secret }).toString();
}

/**
 * Returns the step of a code: 30 seconds each, counted from 1970. Returns null when no step near `nowMs` has
 * this code.
 */
export function stepOfCode(secret: string, code: string, nowMs: number): number | null {
  const totp = new TOTP({ ...shape, secret });
  const delta = totp.validate({ token: code, timestamp: nowMs, window: stepsOff });
  return delta === null ? null : totp.counter({ timestamp: nowMs }) + delta;
}
