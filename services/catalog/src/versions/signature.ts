import { problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import { shareActiveKeys } from "../signing-keys/queries.ts";
import { isSignedBy } from "../signing-keys/verify.ts";

/** What was signed. */
export interface SignedPackage {
  /** SHA-256 of the package, hex in either case. */
  sha256: string;
  /** Over the 32 bytes of the digest, base64. */
  signature: string;
}

/**
 * The active signing key of the developer that has signed a package. It stays active until the commit: of a
 * revoke at the same time, one comes first.
 * @throws Problem `signature_invalid` (422) when none has.
 */
export async function requireSignature(
  tx: Queryable,
  developerId: string,
  { sha256, signature }: SignedPackage,
): Promise<{ id: string; fingerprint: string }> {
  const digest = Buffer.from(sha256, "hex");
  const keys = await shareActiveKeys(tx, developerId);
  const found = keys.find((key) => isSignedBy(key.public_key, digest, signature));
  if (found) return { id: found.id, fingerprint: found.fingerprint };

  const fix =
    keys.length === 0
      ? "Register the public key with POST /v1/signing-keys first, or another one when it was revoked."
      : `Sign the 32 bytes of ${sha256} with one of your active signing keys: GET /v1/signing-keys.`;
  throw problem("signature_invalid", "No active signing key of yours has signed this package.", {
    errors: [{ pointer: "/signature", code: "signature_mismatch", message: "does not verify", fix }],
  });
}
