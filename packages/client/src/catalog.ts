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
  /** 1–100, default 50. */
  limit?: number;
  cursor?: string;
}

/** The catalog API. Every method rejects with `MosisProblem` when the service says no. */
export interface Catalog {
  createDeveloper(developer: NewDeveloper): Promise<Developer>;
  /**
   * Signs in and answers with the session; `catalog.as(token)` is the client that uses it.
   * @throws SecondFactorMissing when the account has a second factor: go on with `completeSignIn`.
   */
  signIn(credentials: NewSession): Promise<SessionWithToken>;
  /** The second half of a sign-in, with the `sign_in_token` of `SecondFactorMissing`. */
  completeSignIn(completion: SessionCompletion): Promise<SessionWithToken>;
  /** The secret for an authenticator app, which counts when its first code is confirmed. */
  beginTotp(): Promise<TotpSecret>;
  /** With the first factor come recovery codes, told this once. */
  confirmTotp(code: string): Promise<FactorEnrolled>;
  /** The same service with other credentials. */
  as(token: string): Catalog;
  me(): Promise<Developer>;
  createApp(app: NewApp): Promise<App>;
  apps(options?: PageOptions): Promise<PageOf<App>>;
  app(packageId: string): Promise<App>;
  /** The answer is the only time that the key's secret is told. */
  createKey(key: NewKey): Promise<KeyWithSecret>;
  keys(options?: PageOptions): Promise<PageOf<Key>>;
  key(id: string): Promise<Key>;
  /** Whatever it is now: of two who change it at once, the last one counts. */
  changeKey(id: string, change: KeyChange): Promise<Key>;
  /** Another secret for the same key, told this once; the one from before works for the grace. */
  rotateKey(id: string, rotation?: KeyRotation): Promise<KeyWithSecret>;
  /** Makes a key the session's own that a key has made: it is no longer disabled and deleted with that. */
  adoptKey(id: string): Promise<Key>;
  /** Every permission that a key may hold. */
  permissions(): Promise<PermissionList>;
  deleteKey(id: string): Promise<void>;
  telemetryLimits(packageId: string): Promise<TelemetryLimits>;
  /** Whatever they are now: of two who change them at once, the last one counts. */
  changeTelemetryLimits(packageId: string, change: TelemetryLimitsChange): Promise<TelemetryLimits>;
  createTelemetryRestriction(restriction: NewRestriction): Promise<Restriction>;
  telemetryRestrictions(options?: PageOptions): Promise<PageOf<Restriction>>;
  liftTelemetryRestriction(id: string): Promise<void>;
}

/** The password was right, and a second factor is missing. */
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
