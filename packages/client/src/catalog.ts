import type { App, NewApp } from "@mosis/types/apps";
import type { Key, KeyChange, KeyRotation, KeyWithSecret, NewKey, PermissionList } from "@mosis/types/keys";
import type { Developer, NewDeveloper } from "@mosis/types/developers";
import type { FactorEnrolled, TotpSecret } from "@mosis/types/second-factors";
import type {
  NewSession,
  SecondFactorNeeded,
  SessionCompletion,
  SessionWithToken,
} from "@mosis/types/sessions";
import type { TelemetryLimits, TelemetryLimitsChange } from "@mosis/types/telemetry-limits";
import type { NewRestriction, Restriction } from "@mosis/types/telemetry-restrictions";
import { type ClientOptions, createCall, queryString } from "./answers.ts";

/** One page of a list. `next_cursor` is null on the last one. */
export interface PageOf<T> {
  data: T[];
  page: { next_cursor: string | null; has_more: boolean };
}

export interface PageOptions {
  /** The number of entries on a page: 1–100, default 50. */
  limit?: number;
  cursor?: string;
}

/** The catalog API. Every method rejects with `MosisProblem` when the service refuses. */
export interface Catalog {
  createDeveloper(developer: NewDeveloper): Promise<Developer>;
  /**
   * Signs in and resolves with the session; `catalog.as(token)` is the client that uses it.
   * @throws SecondFactorMissing when the account has a second factor: continue with `completeSignIn`.
   */
  signIn(credentials: NewSession): Promise<SessionWithToken>;
  /** Completes a sign-in with the `sign_in_token` of `SecondFactorMissing`. */
  completeSignIn(completion: SessionCompletion): Promise<SessionWithToken>;
  /** Returns the secret for an authenticator app. It takes effect when its first code is confirmed. */
  beginTotp(): Promise<TotpSecret>;
  /**
   * Confirms the authenticator app. The first factor of an account returns recovery codes, which are shown
   * only this once.
   */
  confirmTotp(code: string): Promise<FactorEnrolled>;
  /** Returns a client of the same service with other credentials. */
  as(token: string): Catalog;
  me(): Promise<Developer>;
  createApp(app: NewApp): Promise<App>;
  apps(options?: PageOptions): Promise<PageOf<App>>;
  app(packageId: string): Promise<App>;
  /** Creates a key. Only this answer contains the key's secret. */
  createKey(key: NewKey): Promise<KeyWithSecret>;
  keys(options?: PageOptions): Promise<PageOf<Key>>;
  key(id: string): Promise<Key>;
  /** Changes the key whatever its current state; when two change it at once, the last one wins. */
  changeKey(id: string, change: KeyChange): Promise<Key>;
  /**
   * Replaces the key's secret. Only this answer contains the new one; the previous secret works until the
   * grace period ends.
   */
  rotateKey(id: string, rotation?: KeyRotation): Promise<KeyWithSecret>;
  /** Takes over a key that another key has made: it is no longer disabled and deleted with that key. */
  adoptKey(id: string): Promise<Key>;
  /** Returns every permission that a key may have. */
  permissions(): Promise<PermissionList>;
  deleteKey(id: string): Promise<void>;
  telemetryLimits(packageId: string): Promise<TelemetryLimits>;
  /** Changes the limits whatever their current state; when two change them at once, the last one wins. */
  changeTelemetryLimits(packageId: string, change: TelemetryLimitsChange): Promise<TelemetryLimits>;
  createTelemetryRestriction(restriction: NewRestriction): Promise<Restriction>;
  telemetryRestrictions(options?: PageOptions): Promise<PageOf<Restriction>>;
  liftTelemetryRestriction(id: string): Promise<void>;
}

/** The password was correct, but the account needs a second factor. */
export class SecondFactorMissing extends Error {
  readonly needed: SecondFactorNeeded;

  constructor(needed: SecondFactorNeeded) {
    super(`A second factor is missing: ${needed.second_factors.join(", ")}.`);
    this.name = "SecondFactorMissing";
    this.needed = needed;
  }
}

export function createCatalog(options: ClientOptions): Catalog {
  const call = createCall(options);
  const segment = encodeURIComponent;
  return {
    createDeveloper: (developer) => call("POST", "/v1/developers", developer),
    async signIn(credentials) {
      const answer = await call<SessionWithToken | SecondFactorNeeded>("POST", "/v1/sessions", credentials);
      if ("token" in answer) return answer;
      throw new SecondFactorMissing(answer);
    },
    completeSignIn: (completion) => call("POST", "/v1/sessions:complete", completion),
    beginTotp: () => call("POST", "/v1/developers/me/totp"),
    confirmTotp: (code) => call("POST", "/v1/developers/me/totp:confirm", { code }),
    as: (token) => createCatalog({ ...options, token }),
    me: () => call("GET", "/v1/developers/me"),
    createApp: (app) => call("POST", "/v1/apps", app),
    apps: (page) => call("GET", `/v1/apps${queryString({ ...page })}`),
    app: (packageId) => call("GET", `/v1/apps/${segment(packageId)}`),
    createKey: (key) => call("POST", "/v1/keys", key),
    keys: (page) => call("GET", `/v1/keys${queryString({ ...page })}`),
    key: (id) => call("GET", `/v1/keys/${segment(id)}`),
    changeKey: (id, change) => call("PATCH", `/v1/keys/${segment(id)}`, change, { "if-match": "*" }),
    rotateKey: (id, rotation = {}) =>
      call("POST", `/v1/keys/${segment(id)}:rotate`, rotation, { "if-match": "*" }),
    adoptKey: (id) => call("POST", `/v1/keys/${segment(id)}:adopt`, undefined, { "if-match": "*" }),
    permissions: () => call("GET", "/v1/permissions"),
    deleteKey: (id) => call("DELETE", `/v1/keys/${segment(id)}`),
    telemetryLimits: (packageId) => call("GET", `/v1/apps/${segment(packageId)}/telemetry-limits`),
    changeTelemetryLimits: (packageId, change) =>
      call("PATCH", `/v1/apps/${segment(packageId)}/telemetry-limits`, change, { "if-match": "*" }),
    createTelemetryRestriction: (restriction) => call("POST", "/v1/telemetry-restrictions", restriction),
    telemetryRestrictions: (page) => call("GET", `/v1/telemetry-restrictions${queryString({ ...page })}`),
    liftTelemetryRestriction: (id) => call("DELETE", `/v1/telemetry-restrictions/${segment(id)}`),
  };
}
