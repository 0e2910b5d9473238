import { kafkaSettings, publicKeyOf } from "@mosis/kafka";
import { listenTarget, publicTarget, readEnv, selfTelemetryTarget } from "@mosis/runtime";
import { processRoles } from "./access/process-roles.ts";
import { secondFactorOptions } from "./sign-in/second-factors/settings.ts";
import {
  adminVariables,
  apiVariables,
  migrateVariables,
  relayVariables,
  webhooksVariables,
} from "./variables.ts";
import { webhookOptions } from "./webhooks/subscriptions/settings.ts";

type Environment = Record<string, string | undefined>;

/**
 * Reads the configuration.
 * @throws Error that lists every bad variable.
 */
export function readApiConfig(env: Environment) {
  const values = readEnv(apiVariables, env);
  const http = publicTarget("CATALOG", values);
  return {
    logLevel: values.LOG_LEVEL,
    closeTimeoutMs: 10_000,
    http,
    postgres: {
      url: values.DATABASE_URL,
      name: "catalog-api",
      connectionsMax: values.CATALOG_CONNECTIONS_MAX,
      connectTimeoutMs: 3000,
      statementTimeoutMs: 5000,
    },
    connections: { connectionsMax: values.CATALOG_CONNECTIONS_MAX, waitMsMax: 3000 },
    accountCaps: { apps: values.CATALOG_APPS_MAX, keys: values.CATALOG_KEYS_MAX },
    corsOrigins: values.CATALOG_CORS_ORIGINS,
    trustedProxies: values.CATALOG_TRUSTED_PROXIES,
    webhooks: webhookOptions(values, { httpPort: http.port, urls: [values.DATABASE_URL, values.MAIL_URL] }),
    unconfirmedDays: values.CATALOG_UNCONFIRMED_DAYS,
    sessionHours: values.CATALOG_SESSION_HOURS,
    requestRates: {
      reads: values.CATALOG_READS_PER_MINUTE,
      writes: values.CATALOG_WRITES_PER_MINUTE,
      publicReads: values.CATALOG_PUBLIC_READS_PER_MINUTE,
      publicWrites: values.CATALOG_PUBLIC_WRITES_PER_MINUTE,
    },
    sessionIdleMinutes: values.CATALOG_SESSION_IDLE_MINUTES,
    mail: { url: values.MAIL_URL, from: values.MAIL_FROM, portalUrl: values.CATALOG_PORTAL_URL },
    oidcProviders: values.OIDC_PROVIDERS,
    ...secondFactorOptions(values),
    // The queue holds four seconds of work at 40 ms a hash; later requests get a Retry-After.
    passwordHashes: { runningMax: values.CATALOG_PASSWORD_HASHES_MAX, waitingMax: 200 },
    selfTelemetry: selfTelemetryTarget(values),
  };
}

/**
 * Reads the configuration.
 * @throws Error that lists every bad variable.
 */
export function readRelayConfig(env: Environment) {
  const values = readEnv(relayVariables, env);
  return {
    logLevel: values.LOG_LEVEL,
    // While Kafka stands still, closing each of its four connections takes this long; together they end
    // before a kill.
    closeTimeoutMs: 3000,
    http: listenTarget("RELAY", values),
    postgres: {
      url: values.DATABASE_URL,
      name: "catalog-relay",
      connectTimeoutMs: 3000,
      statementTimeoutMs: 30_000,
    },
    kafka: kafkaSettings(values),
    recordSigningKey: values.CATALOG_RECORD_SIGNING_KEY,
    recordPublicKeys: new Map([
      ...values.CATALOG_RECORD_PUBLIC_KEYS,
      ...publicKeyOf(values.CATALOG_RECORD_SIGNING_KEY),
    ]),
    selfTelemetry: selfTelemetryTarget(values),
  };
}

/**
 * Reads the configuration.
 * @throws Error that lists every bad variable.
 */
export function readWebhooksConfig(env: Environment) {
  const values = readEnv(webhooksVariables, env);
  const http = listenTarget("WEBHOOKS", values);
  return {
    logLevel: values.LOG_LEVEL,
    // The process waits for a running attempt.
    close: { closeTimeoutMs: 16_000, closeAllTimeoutMs: 16_500 },
    http,
    postgres: {
      url: values.DATABASE_URL,
      name: "catalog-webhooks",
      connectTimeoutMs: 3000,
      statementTimeoutMs: 5000,
    },
    webhooks: webhookOptions(values, { httpPort: http.port, urls: [values.DATABASE_URL] }),
    selfTelemetry: selfTelemetryTarget(values),
  };
}

/**
 * Reads the configuration.
 * @throws Error that lists every bad variable.
 */
export function readAdminConfig(env: Environment) {
  const values = readEnv(adminVariables, env);
  return {
    logLevel: values.LOG_LEVEL,
    postgres: { ...jobConnection, url: values.DATABASE_URL, name: "catalog-admin" },
  };
}

/**
 * Reads the configuration.
 * @throws Error that lists every bad variable.
 */
export function readMigrateConfig(env: Environment) {
  const values = readEnv(migrateVariables, env);
  return {
    logLevel: values.LOG_LEVEL,
    postgres: { ...jobConnection, url: values.DATABASE_URL, name: "catalog-migrate" },
    /** The password with which the role of each process may log in from now on; null leaves it unchanged. */
    rolePasswords: [
      [processRoles.api, values.CATALOG_API_PASSWORD],
      [processRoles.relay, values.CATALOG_RELAY_PASSWORD],
      [processRoles.webhooks, values.CATALOG_WEBHOOKS_PASSWORD],
    ] as const,
  };
}

const jobConnection = { connectionsMax: 1, connectTimeoutMs: 3000, statementTimeoutMs: 5000 };
