import { type Problem, problem } from "@mosis/http";
import type { Queryable } from "@mosis/postgres";
import type { NewVersion } from "@mosis/types/versions";
import { shareOwnSigningKey } from "../signing-keys/queries.ts";
import { isSignedBy } from "../signing-keys/verify.ts";

/**
 * Returns the active signing key that a version names, after checking that it has signed the 32 bytes of the
 * digest. The key stays active until the commit: a concurrent revoke comes before or after.
 * @throws Problem `reference_unknown` (422) when there is no such key, `state_conflict` (409) when it was
 * revoked, `signature_invalid` (422) when it has not signed this.
 */
export async function requireSignature(
  tx: Queryable,
  developerId: string,
  { package_digest: digest, signature, signing_key }: SignedPackage,
): Promise<{ id: string; fingerprint: string }> {
  const key = await shareActiveKey(tx, developerId, signing_key);
  if (isSignedBy(key.public_key, Buffer.from(digest, "hex"), signature)) {
    return { id: key.id, fingerprint: signing_key };
  }
  const fix = `Sign the 32 bytes of ${digest} with that key, and encode the signature as base64 in one line.`;
  throw problem("signature_invalid", "This key has not signed the package's digest.", {
    errors: [{ pointer: "/signature", code: "signature_mismatch", message: "does not verify", fix }],
  });
}

/**
 * Returns the developer's signing key with this fingerprint, and locks it so that it stays active until the
 * commit.
 * @throws Problem `reference_unknown` (422) when there is none, `state_conflict` (409) when it was revoked.
 */
export async function shareActiveKey(tx: Queryable, developerId: string, fingerprint: string) {
  const key = await shareOwnSigningKey(tx, developerId, fingerprint);
  if (!key) throw unknownKey();
  if (!key.is_active) throw revokedKey(fingerprint);
  return key;
}

type SignedPackage = Pick<NewVersion, "package_digest" | "signature" | "signing_key">;

function unknownKey(): Problem {
  const fix = "Register its public key with POST /v1/signing-keys, or name another one.";
  const message = "is not the fingerprint of one of your signing keys";
  return problem("reference_unknown", "The signing key does not exist.", {
    errors: [{ pointer: "/signing_key", code: "signing_key_unknown", message, fix }],
  });
}

function revokedKey(fingerprint: string): Problem {
  const fix = "Sign the package with an active signing key, and name that one.";
  return problem("state_conflict", `The signing key ${fingerprint} was revoked.`, {
    errors: [{ pointer: "/signing_key", code: "signing_key_revoked", message: "was revoked", fix }],
  });
}
