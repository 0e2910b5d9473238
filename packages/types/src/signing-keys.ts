import Type, { type Static } from "typebox";
import { Label, Name, Nullable, Sha256Hex, Timestamp, Uuid } from "./formats.ts";

/**
 * The kinds of signing key: Ed25519, ECDSA on P-256 with SHA-256, or RSA of 2048 to 3072 bits with SHA-256,
 * PKCS #1 v1.5 or PSS.
 */
export const SigningAlgorithm = Type.Enum(["ed25519", "ecdsa_p256", "rsa"]);
export type SigningAlgorithm = Static<typeof SigningAlgorithm>;

/**
 * A signature as text: standard base64 with padding, no line ends. The longest, from RSA with 3072 bits, has
 * exactly the 512 characters that `app_versions.signature` holds.
 */
export const SignatureText = Type.String({
  minLength: 4,
  maxLength: 512,
  pattern: "^[A-Za-z0-9+/]+={0,2}$",
  description: "Standard base64 with padding and without line ends, up to 512 characters.",
});

/**
 * Body of `POST /v1/signing-keys`. `public_key` is a SubjectPublicKeyInfo (RFC 5280 §4.1), as PEM or as the
 * base64 of its DER. `proof` is the signature of that key over the text `signingKeyProofText`.
 */
export const NewSigningKey = Type.Object(
  {
    name: Name(100),
    public_key: Type.String({
      minLength: 1,
      maxLength: 4096,
      examples: ["MCowBQYDK2VwAyEAkUfvQgBcNk7ryJtzA0r8YBhFJbxb5HnAzdS9t8wuPUA="],
    }),
    proof: SignatureText,
  },
  { additionalProperties: false },
);
export type NewSigningKey = Static<typeof NewSigningKey>;

/**
 * Returns the text that the holder of a key signs to register it, in UTF-8 and without a line end. It names
 * the developer, so nobody else's proof fits. It is longer than a digest, so its signature is never the
 * signature of a package.
 */
export function signingKeyProofText(developerId: string, fingerprint: string): string {
  return `mosis-signing-key-proof-v1:${developerId}:${fingerprint}`;
}

/** Body of `POST /v1/signing-keys/{id}:revoke`. `reason` is for people and is kept permanently. */
export const SigningKeyRevocation = Type.Object({ reason: Label(500) }, { additionalProperties: false });
export type SigningKeyRevocation = Static<typeof SigningKeyRevocation>;

/**
 * A signing key as its developer sees it. It is never deleted, because versions refer to the key that signed
 * them.
 */
export const SigningKey = Type.Object({
  id: Uuid,
  name: Type.String(),
  algorithm: SigningAlgorithm,
  /** The public key as PEM, whatever form it was sent in. */
  public_key: Type.String(),
  /** SHA-256 of the SubjectPublicKeyInfo in DER. */
  fingerprint: Sha256Hex,
  /** False once the key is revoked. A revoked key verifies nothing new. */
  is_active: Type.Boolean(),
  revoked_at: Nullable(Timestamp),
  revoke_reason: Nullable(Type.String()),
  created_at: Timestamp,
  allowed_actions: Type.Array(Type.Enum(["revoke"])),
});
export type SigningKey = Static<typeof SigningKey>;
