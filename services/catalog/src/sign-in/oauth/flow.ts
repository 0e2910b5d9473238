import { createHmac } from "node:crypto";
import { isToken, newToken } from "../../shared/token-form.ts";

/**
 * What one sign-in with a provider needs, all derived from one token that its browser keeps: so the database,
 * which has the token's hash, cannot finish a flow.
 */
export interface Flow {
  state: string;
  nonce: string;
  codeVerifier: string;
}

const mark = "mf_live_";

export function newFlowToken(): string {
  return newToken(mark);
}

export function isFlowToken(text: string): boolean {
  return isToken(mark, text);
}

export function flowOf(token: string): Flow {
  const derive = (what: string) => createHmac("sha256", token).update(what).digest("base64url");
  // A verifier of PKCE has 43 to 128 of these characters (RFC 7636 §4.1).
  return { state: derive("state"), nonce: derive("nonce"), codeVerifier: derive("code_verifier") };
}
