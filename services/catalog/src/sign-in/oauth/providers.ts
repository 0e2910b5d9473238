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

/** The identity that a provider reports. */
export interface Identity {
  provider: string;
  /** The provider's own id of the person, which it never gives to anybody else. */
  subject: string;
  email: string | null;
  /** True when the provider has verified that the address is theirs. */
  emailVerified: boolean;
  name: string | null;
}

export interface Providers {
  names(): string[];
  /**
   * Returns the URL to send the browser to.
   * @throws Problem `not_found` (404), `reference_unknown` (422) for a page that is not configured.
   */
  authorizationUrl(provider: string, redirectUri: string, flowToken: string): Promise<string>;
  /**
   * Returns the identity behind a callback.
   * @param callback the query string that the browser came back with.
   * @throws Problem `not_found` (404), `oauth_failed` (422); Unavailable when the provider does not answer.
   */
  identify(
    provider: string,
    asked: { redirectUri: string; flowToken: string; callback: string },
  ): Promise<Identity>;
}

const requestTimeoutSeconds = 10;
const scope = "openid email profile";

/**
 * Creates the providers.
 * @param options.rereadMs the minimum time between two reads of a provider's document.
 */
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

  /**
   * It is read at the first sign-in, so that a provider that is down does not stop the process from starting.
   */
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
        throw problem("reference_unknown", "The redirect_uri is not one of the configured pages.");
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
  // Plain HTTP goes only to this machine, which `config.ts` has made sure of.
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
  // Many providers put the e-mail address into the ID token; the others are asked for it.
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
 * Returns the provider's id of a person as it is stored (OpenID Connect Core §2: at most 255 characters), or
 * null when it is not valid. Two people with an empty id, or with halves of surrogate pairs that a store
 * cannot tell apart, would otherwise share one account.
 */
export function subjectOf(sub: unknown): string | null {
  if (typeof sub !== "string" || sub.length === 0 || sub.length > 255) return null;
  return sub.isWellFormed() && !/\p{Cc}/u.test(sub) ? sub : null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value.isWellFormed() ? value : null;
}

/** Refuses the state of another flow, for example from an attacker who wants us to sign in as them. */
function requireState(url: URL, { state }: Flow): void {
  const sent = Buffer.from(url.searchParams.get("state") ?? "");
  const expected = Buffer.from(state);
  if (sent.length !== expected.length || !timingSafeEqual(sent, expected)) throw failed();
}

function failed(cause?: unknown): Problem {
  const detail = "Start again: the provider has not confirmed who you are, or it has taken too long.";
  return problem("oauth_failed", detail, { cause });
}

/**
 * The client gets the provider's error about this sign-in; the provider's error about our registration goes
 * to the operator's log.
 */
function asProblem(error: unknown, log: Logger, provider: string): unknown {
  if (error instanceof Problem) return error;
  if (error instanceof AuthorizationResponseError) return failed(error);
  if (error instanceof ResponseBodyError && error.error === "invalid_grant") return failed(error);
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (error instanceof ResponseBodyError || isAway(error)) return away(error);
  // An ID token that is not for us, has expired or is of another flow, for example. The message contains
  // neither token nor code.
  log.warn({ provider, code, reason: message }, "The answer of a provider was refused");
  return failed(error);
}

/** Returns true when there was no answer, or an answer that is not OAuth, for example a page of a proxy. */
function isAway(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  if (code === "OAUTH_TIMEOUT" || code === "OAUTH_RESPONSE_IS_NOT_CONFORM") return true;
  return error instanceof TypeError && error.message === "fetch failed";
}

function away(cause: unknown): Unavailable {
  return new Unavailable("The provider does not answer now. Try again later.", { cause });
}
