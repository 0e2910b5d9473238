import {
  createApp,
  createClientAddress,
  createOrigins,
  createRateLimits,
  type RateLimits,
  type RequestRates,
  type RequestSample,
} from "@mosis/http";
import { createWriteProbe, type Pool } from "@mosis/postgres";
import type { Logger, Metrics } from "@mosis/runtime";
import type { Router } from "express";
import { type Authenticate, createAuthenticate } from "./access/authenticate.ts";
import { type ConnectionLimits, shareConnections } from "./access/connection-shares.ts";
import { createSenderOf, type SenderOf } from "./access/call.ts";
import { createCredentials, type Credentials } from "./access/credentials.ts";
import { everyone } from "./access/principal.ts";
import { accountDeletionRoutes } from "./accounts/deletion/routes.ts";
import { createProveAccount } from "./accounts/email/prove.ts";
import { emailRoutes } from "./accounts/email/routes.ts";
import { passwordRoutes } from "./accounts/passwords/routes.ts";
import { developerRoutes } from "./accounts/registration/routes.ts";
import type { AccountCaps } from "./developers/account-caps.ts";
import { keyLeakRoutes } from "./keys/leaks/routes.ts";
import { keyRoutes } from "./keys/routes.ts";
import { catalogDocument } from "./openapi.ts";
import { appRoutes } from "./releases/apps/routes.ts";
import { listingRoutes } from "./releases/listings/routes.ts";
import { reviewRoutes } from "./releases/reviews/routes.ts";
import { signingKeyRoutes } from "./releases/signing-keys/routes.ts";
import { versionRoutes } from "./releases/versions/routes.ts";
import { createComplete } from "./sign-in/completion/complete.ts";
import { createAnswerFirstFactor } from "./sign-in/completion/first-factor.ts";
import { createProve } from "./sign-in/completion/prove.ts";
import { completionRoutes } from "./sign-in/completion/routes.ts";
import { createFlows } from "./sign-in/oauth/flows.ts";
import { createProviders } from "./sign-in/oauth/providers.ts";
import { oauthRoutes } from "./sign-in/oauth/routes.ts";
import type { ProviderSettings } from "./sign-in/oauth/settings.ts";
import { createCeremonies, type PasskeySettings } from "./sign-in/passkeys/ceremonies.ts";
import { passkeyRoutes } from "./sign-in/passkeys/routes.ts";
import { createConfirm, createConfirmPassword } from "./sign-in/passwords/confirm.ts";
import { createPasswords, type Passwords } from "./sign-in/passwords/hashing.ts";
import { secondFactorRoutes } from "./sign-in/second-factors/routes.ts";
import { createBeginSession } from "./sign-in/sessions/changes.ts";
import { sessionRoutes } from "./sign-in/sessions/routes.ts";
import { createSignIn } from "./sign-in/sessions/sign-in.ts";
import { createAccountThrottle } from "./sign-in/throttle/account.ts";
import { totpRoutes } from "./sign-in/totp/routes.ts";
import { createSecretBox } from "./shared/secret-box.ts";
import { storeRoutes } from "./store/routes.ts";
import { searchRoutes } from "./store/search/routes.ts";
import { erasureRoutes } from "./telemetry-rules/erasures/routes.ts";
import { telemetryLimitRoutes } from "./telemetry-rules/limits/routes.ts";
import { telemetryRestrictionRoutes } from "./telemetry-rules/restrictions/routes.ts";
import { retentionRoutes } from "./telemetry-rules/retention/routes.ts";
import { webhookDeliveryRoutes } from "./webhooks/deliveries/routes.ts";
import { readWebhookOptions, type WebhookOptions } from "./webhooks/subscriptions/options.ts";
import { webhookRoutes } from "./webhooks/subscriptions/routes.ts";

export interface ApiOptions extends AccountOptions {
  db: Pool;
  log: Logger;
  metrics: Metrics;
  connections: ConnectionLimits;
  accountCaps: AccountCaps;
  passwordHashes: { runningMax: number; waitingMax: number };
  requestRates: RequestRates;
  /** The origins of pages that may send from a browser; `*` for all. */
  corsOrigins: string[];
  /** Address ranges in CIDR notation: see `createClientAddress`. */
  trustedProxies: string[];
  webhooks: WebhookOptions;
  observe?: (sample: RequestSample) => void;
  /** See `AppOptions` of @mosis/http. */
  managementApart?: boolean;
}

/** The headers that a page may send, and those of the answer that it may read. */
const fromBrowsers = {
  methods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
  sent: [
    "Authorization",
    "Content-Type",
    "Content-Encoding",
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "X-Request-Id",
  ],
  read: [
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
  ],
};

/** Every route of the catalog. */
export async function createApi({ db: pool, log, metrics, ...options }: ApiOptions) {
  const db = shareConnections(pool, options.connections);
  const { passwordHashes, requestRates, corsOrigins, trustedProxies, webhooks, observe } = options;
  const clientAddress = createClientAddress(trustedProxies);
  const limits = createRateLimits({ rates: requestRates, clientAddress });
  const credentials = createCredentials(db.as(everyone));
  const senderOf = createSenderOf(clientAddress);
  const authenticate = createAuthenticate({ db, credentials, limits, senderOf });
  const passwords = await createPasswords(passwordHashes);
  metrics.level("password_hashes_waiting", "Passwords that wait to be hashed.", () => passwords.waiting());
  metrics.level("postgres_connections_used", "Connections in use.", () => db.counts().used);
  metrics.level("postgres_callers_waiting", "Callers that wait for a connection.", () => db.counts().waiting);
  return createApp({
    ...(observe ? { observe } : {}),
    managementApart: options.managementApart,
    clientAddress,
    log,
    metrics,
    origins: createOrigins(corsOrigins, fromBrowsers),
    ready: { postgres: createWriteProbe(pool, { metrics }) },
    // Express tries the routers one after the other, so the most frequent requests come first: devices,
    // searches, CI.
    routes: [
      storeRoutes({ db, limits }),
      searchRoutes({ db, limits }),
      appRoutes({ authenticate, credentials, caps: options.accountCaps }),
      versionRoutes({ authenticate }),
      ...accountRoutes({ ...options, db, log, authenticate, credentials, limits, senderOf, passwords }),
      keyRoutes({ authenticate, credentials, limits, caps: options.accountCaps }),
      keyLeakRoutes({ db, credentials, limits }),
      signingKeyRoutes({ authenticate }),
      reviewRoutes({ authenticate }),
      listingRoutes({ authenticate }),
      webhookRoutes({ authenticate, ...readWebhookOptions(webhooks) }),
      webhookDeliveryRoutes({ authenticate }),
      telemetryLimitRoutes({ authenticate }),
      telemetryRestrictionRoutes({ authenticate }),
      retentionRoutes({ authenticate }),
      erasureRoutes({ authenticate }),
    ],
    openapi: catalogDocument,
  });
}

interface AccountOptions {
  sessionHours: number;
  sessionIdleMinutes: number;
  oidcProviders: ProviderSettings[];
  /** See `createProviders`. */
  oidcRereadMs?: number;
  /**
   * Keys of 32 bytes each: the first one encrypts the secrets of authenticator apps, the others are previous
   * ones.
   */
  totpSecretKeys: Buffer[];
  /** The settings of passkeys; null when no page may use them. */
  passkeys: PasskeySettings | null;
  /** Call `wake` when a mail was committed; see `startMailSender`. */
  mails: { wake(): void };
}

/** Returns the routes for registering, signing in, second factors, and everything about an account. */
function accountRoutes(
  options: AccountOptions & {
    db: Pool;
    log: Logger;
    authenticate: Authenticate;
    credentials: Credentials;
    limits: RateLimits;
    senderOf: SenderOf;
    passwords: Passwords;
  },
): Router[] {
  const { db, log, authenticate, senderOf, credentials, limits, passwords, mails } = options;
  const accounts = createAccountThrottle(db);
  const signIn = createSignIn({ db, credentials, passwords, accounts });
  const confirm = createConfirm({ db, passwords, accounts });
  const confirmPassword = createConfirmPassword({ db, passwords, accounts });
  const providers = createProviders(options.oidcProviders, { log, rereadMs: options.oidcRereadMs });
  const flows = createFlows({ db, providers });
  const life = { hours: options.sessionHours, idleMinutes: options.sessionIdleMinutes };
  const beginSession = createBeginSession(life);
  const answerFirstFactor = createAnswerFirstFactor({ beginSession });
  const totpBox = { purpose: "TOTP", variable: "TOTP_SECRET_KEYS" };
  const totpSecrets = createSecretBox(options.totpSecretKeys, totpBox);
  const ceremonies = options.passkeys && createCeremonies(options.passkeys, { log });
  const prove = createProve({ totpSecrets, ceremonies });
  const complete = createComplete({ db, credentials, accounts, beginSession, prove });
  const account = { db, authenticate, senderOf, credentials, limits, confirm, passwords, accounts, mails };
  return [
    developerRoutes(account),
    emailRoutes({ ...account, prove: createProveAccount({ db, passwords, accounts }) }),
    passwordRoutes(account),
    accountDeletionRoutes(account),
    sessionRoutes({ ...account, signIn, answerFirstFactor }),
    oauthRoutes({ ...account, providers, flows, answerFirstFactor }),
    secondFactorRoutes(account),
    totpRoutes({ ...account, totpSecrets }),
    passkeyRoutes({ ...account, ceremonies }),
    completionRoutes({ ...account, ceremonies, complete, confirmPassword, prove }),
  ];
}
