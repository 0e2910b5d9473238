import { problem } from "@mosis/http";
import { signingKeyProofText } from "@mosis/types/signing-keys";
import type { PublicKey } from "./public-key.ts";
import { isSignedBy } from "./verify.ts";

/**
 * Whoever registers a key has its private half: otherwise somebody could claim the key of others, and with
 * it what it has signed.
 * @throws Problem `signature_invalid` with the text that has to be signed.
 */
export function requireProof(developerId: string, { pem, fingerprint }: PublicKey, proof: string): void {
  const text = signingKeyProofText(developerId, fingerprint);
  if (isSignedBy(pem, Buffer.from(text), proof)) return;
  const fix = `Sign this text with the private key, without a line end: ${text}`;
  throw problem("signature_invalid", "The proof is not a signature of this key over its text.", {
    errors: [{ pointer: "/proof", code: "signature_mismatch", message: "does not verify", fix }],
  });
}
