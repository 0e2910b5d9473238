import { timingSafeEqual } from "node:crypto";
import { Problem, problem } from "@mosis/http";
import { type Logger, Unavailable } from "@mosis/runtime";
import {
  allowInsecureRequests,
  AuthorizationResponseError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  type Configuration,
  discovery,
  fetchUserInfo,
  ResponseBodyError,
} from "openid-client";
import { Discovered, rereadMsDefault } from "./discovered.ts";
import { type Flow, flowOf } from "./flow.ts";
import type { ProviderSettings } from "./settings.ts";

/** Who somebody is, as a provider says. */
export interface Identity {
  provider: string;
  /** The provider's own id of them, which it never gives to anybody else. */
  subject: string;
  email: string | null;
  /** Whether the provider knows that the address is theirs. */
  emailVerified: boolean;
  name: string | null;
}

export interface Providers {
  names(): string[];
  /** @throws Problem `not_found` (404), `reference_unknown` (422) for a page that is not configured. */
  authorizationUrl(provider: string, redirectUri: string, flowToken: string): Promise<string>;
  /**
   * @param callback the query string that the browser came back with.
   * @throws Problem `not_found` (404), `oauth_failed` (422); Unavailable when the provider is away.
   */
  identify(
    provider: string,
    asked: { redirectUri: string; flowToken: string; callback: string },
  ): Promise<Identity>;
}

const requestTimeoutSeconds = 10;
const scope = "openid email profile";

/** @param options.rereadMs how long after a look at a provider's document it is not read again. */
export function createProviders(
  settings: ProviderSettings[],
  { log, rereadMs = rereadMsDefault }: { log: Logger; rereadMs?: number | undefined },
): Providers {
  const byName = new Map(settings.map((one) => [one.name, one]));
  const discovered = new Discovered(rereadMs);

  function settingsOf(name: string): ProviderSettings {
    const found = byName.get(name);
    if (!found) throw problem("not_found", "There is no such provider.");
    return found;
  }

  /** At the first sign-in: a provider that is away keeps nobody from starting. */
  async function configurationOf(provider: ProviderSettings): Promise<Configuration> {
    try {
      return await discovered.of(provider.name, () => discover(provider));
    } catch (error) {
      throw away(error);
    }
  }

  return {
    names: () => [...byName.keys()],
    async authorizationUrl(name, redirectUri, flowToken) {
      const provider = settingsOf(name);
      if (!provider.redirect_uris.includes(redirectUri)) {
        throw problem("reference_unknown", "The redirect_uri is none of those that are configured.");
      }
      const { state, nonce, codeVerifier } = flowOf(flowToken);
      const url = buildAuthorizationUrl(await configurationOf(provider), {
        redirect_uri: redirectUri,
        scope,
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: "S256",
      });
      return url.href;
    },
    async identify(name, { redirectUri, flowToken, callback }) {
      const config = await configurationOf(settingsOf(name));
      const flow = flowOf(flowToken);
      const url = new URL(redirectUri);
      url.search = callback;
      requireState(url, flow);
      try {
        return await exchange(config, { name, url, flow });
      } catch (error) {
        discovered.doubt(name);
        throw asProblem(error, log, name);
      }
    },
  };
}

function discover({ issuer, client_id, client_secret }: ProviderSettings): Promise<Configuration> {
  const server = new URL(issuer);
  // Unencrypted to this machine alone, which `config.ts` has made sure of.
  const execute = server.protocol === "http:" ? [allowInsecureRequests] : [];
  return discovery(server, client_id, client_secret, undefined, { execute, timeout: requestTimeoutSeconds });
}

async function exchange(
  config: Configuration,
  { name, url, flow }: { name: string; url: URL; flow: Flow },
): Promise<Identity> {
  const tokens = await authorizationCodeGrant(config, url, {
    expectedState: flow.state,
    expectedNonce: flow.nonce,
    pkceCodeVerifier: flow.codeVerifier,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  const subject = subjectOf(claims?.sub);
  if (!claims || subject === null) throw failed();
  // Many providers tell the address in the ID token; the others are asked for it.
  const told =
    claims["email"] === undefined && config.serverMetadata().userinfo_endpoint !== undefined
      ? { ...claims, ...(await fetchUserInfo(config, tokens.access_token, claims.sub)) }
      : claims;
  return {
    provider: name,
    subject,
    email: textOf(told["email"]),
    emailVerified: told["email_verified"] === true,
    name: textOf(told["name"]),
  };
}

/**
 * The id that a provider gives somebody, as it is stored (OpenID Connect Core §2: at most 255 characters).
 * Null for one that is none: two people with an empty one, or with halves of surrogate pairs that no store
 * tells apart, would have one account.
 */
export function subjectOf(sub: unknown): string | null {
  if (typeof sub !== "string" || sub.length === 0 || sub.length > 255) return null;
  return sub.isWellFormed() && !/\p{Cc}/u.test(sub) ? sub : null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value.isWellFormed() ? value : null;
}

/** Of another flow, or of somebody who wants us to sign in as them. */
function requireState(url: URL, { state }: Flow): void {
  const sent = Buffer.from(url.searchParams.get("state") ?? "");
  const expected = Buffer.from(state);
  if (sent.length !== expected.length || !timingSafeEqual(sent, expected)) throw failed();
}

function failed(cause?: unknown): Problem {
  const detail = "Begin once more: the provider has not confirmed who you are, or it has taken too long.";
  return problem("oauth_failed", detail, { cause });
}

/** What the provider says of this sign-in is told to the client; what it says of us is for the operator. */
function asProblem(error: unknown, log: Logger, provider: string): unknown {
  if (error instanceof Problem) return error;
  if (error instanceof AuthorizationResponseError) return failed(error);
  if (error instanceof ResponseBodyError && error.error === "invalid_grant") return failed(error);
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (error instanceof ResponseBodyError || isAway(error)) return away(error);
  // An ID token that is not for us, not now or not of this flow, for example. Neither token nor code in it.
  log.warn({ provider, code, reason: message }, "What a provider has answered was refused");
  return failed(error);
}

/** No answer, or none of OAuth: a page of a proxy for example. */
function isAway(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  if (code === "OAUTH_TIMEOUT" || code === "OAUTH_RESPONSE_IS_NOT_CONFORM") return true;
  return error instanceof TypeError && error.message === "fetch failed";
}

function away(cause: unknown): Unavailable {
  return new Unavailable("The provider does not answer now. Try again later.", { cause });
}
