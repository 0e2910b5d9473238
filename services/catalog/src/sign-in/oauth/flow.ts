import { createHmac } from "node:crypto";
import { isToken, newToken } from "../../shared/token-form.ts";

/**
 * The values that one sign-in with a provider needs, all derived from one token that its browser keeps. The
 * database has only the token's hash, so it cannot finish a flow.
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
  // A PKCE verifier has 43 to 128 of these characters (RFC 7636 §4.1).
  return { state: derive("state"), nonce: derive("nonce"), codeVerifier: derive("code_verifier") };
}
