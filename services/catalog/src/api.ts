import {
  createApp,
  createClientAddress,
  createOrigins,
  type RequestSample,
  createRateLimits,
  type RequestRates,
} from "@mosis/http";
import { createWriteProbe, type Pool } from "@mosis/postgres";
import type { Logger, Metrics } from "@mosis/runtime";
import { type AccountOptions, accountRoutes } from "./account-routes.ts";
import { appRoutes } from "./releases/apps/routes.ts";
import type { AccountCaps } from "./developers/account-caps.ts";
import { createAuthenticate } from "./access/authenticate.ts";
import { type ConnectionLimits, shareConnections } from "./access/connection-shares.ts";
import { createCredentials } from "./access/credentials.ts";
import { createPasswords } from "./sign-in/passwords/hashing.ts";
import { erasureRoutes } from "./telemetry-rules/erasures/routes.ts";
import { keyLeakRoutes } from "./keys/leaks/routes.ts";
import { keyConfirmRoutes } from "./keys/confirm-routes.ts";
import { keyRoutes } from "./keys/routes.ts";
import { catalogDocument } from "./openapi.ts";
import { everyone } from "./access/principal.ts";
import { retentionRoutes } from "./telemetry-rules/retention/routes.ts";
import { listingRoutes } from "./releases/listings/routes.ts";
import { reviewRoutes } from "./releases/reviews/routes.ts";
import { searchRoutes } from "./store/search/routes.ts";
import { signingKeyRoutes } from "./releases/signing-keys/routes.ts";
import { versionRoutes } from "./releases/versions/routes.ts";
import { storeRoutes } from "./store/routes.ts";
import { telemetryLimitRoutes } from "./telemetry-rules/limits/routes.ts";
import { telemetryRestrictionRoutes } from "./telemetry-rules/restrictions/routes.ts";
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
  /** Origins of pages that may send from a browser; `*` for all. */
  corsOrigins: string[];
  /** Ranges in CIDR notation: see `createClientAddress`. */
  trustedProxies: string[];
  webhooks: WebhookOptions;
  observe?: (sample: RequestSample) => void;
  /** See `AppOptions` of @mosis/http. */
  managementApart?: boolean;
}

/** What a page sends, and what it needs of the answer. */
const fromBrowsers = {
  methods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
  sent: [
    ...["Authorization", "Content-Type", "Content-Encoding", "If-Match", "If-None-Match"],
    ...["Idempotency-Key", "X-Request-Id"],
  ],
  read: [
    ...["ETag", "Idempotency-Replayed", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After"],
    ...["WWW-Authenticate", "X-Request-Id"],
  ],
};

/** Every route of the catalog. */
export async function createApi({ db: pool, log, metrics, ...options }: ApiOptions) {
  const db = shareConnections(pool, options.connections);
  const { passwordHashes, requestRates, corsOrigins, trustedProxies, webhooks, observe } = options;
  const clientAddress = createClientAddress(trustedProxies);
  const limits = createRateLimits({ rates: requestRates, clientAddress });
  const credentials = createCredentials(db.as(everyone));
  const authenticate = createAuthenticate({ credentials, limits, clientAddress });
  const passwords = await createPasswords({ ...passwordHashes, clientAddress });
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
    // Express asks one after the other, so what is asked for most comes first: devices, searches, CI.
    routes: [
      storeRoutes({ db, limits }),
      searchRoutes({ db, limits }),
      appRoutes({ db, authenticate, credentials, caps: options.accountCaps }),
      versionRoutes({ db, authenticate }),
      ...accountRoutes({ ...options, db, log, authenticate, credentials, limits, clientAddress, passwords }),
      keyRoutes({ db, authenticate, credentials, limits, caps: options.accountCaps }),
      keyConfirmRoutes({ db, authenticate, credentials }),
      keyLeakRoutes({ db, credentials, limits }),
      signingKeyRoutes({ db, authenticate }),
      reviewRoutes({ db, authenticate }),
      listingRoutes({ db, authenticate }),
      webhookRoutes({ db, authenticate, ...readWebhookOptions(webhooks) }),
      webhookDeliveryRoutes({ db, authenticate }),
      telemetryLimitRoutes({ db, authenticate }),
      telemetryRestrictionRoutes({ db, authenticate }),
      retentionRoutes({ db, authenticate }),
      erasureRoutes({ db, authenticate }),
    ],
    openapi: catalogDocument,
  });
}
