import { kafkaSettings, kafkaVariables, publicKeyOf, recordSigning } from "@mosis/kafka";
import {
  addressRangeList,
  custom,
  integer,
  listenTarget,
  listenVariables,
  oneOf,
  optionalUrl,
  optionalText,
  originList,
  publicTarget,
  publicVariables,
  readEnv,
  selfTelemetryTarget,
  selfTelemetryVariables,
  text,
  url,
} from "@mosis/runtime";
import { readProviders } from "./oauth/settings.ts";
import { secondFactorOptions, secondFactorVariables } from "./second-factors/settings.ts";
import { webhookOptions, webhookVariables } from "./webhooks/settings.ts";

type Environment = Record<string, string | undefined>;

const common = {
  DATABASE_URL: url({ about: "The catalog's PostgreSQL database, postgres://user:password@host:port/name." }),
  LOG_LEVEL: oneOf({
    about: "The quietest lines that are logged.",
    values: ["trace", "debug", "info", "warn", "error", "silent"],
    default: "info",
  }),
};

const requestRate = (about: string, byDefault: number) =>
  integer({
    about: `Requests a minute, in each process, and as many at once after a pause: ${about}`,
    min: 1,
    max: 10_000_000,
    default: byDefault,
  });

const requestRates = {
  CATALOG_READS_PER_MINUTE: requestRate("reads of an account.", 3000),
  CATALOG_WRITES_PER_MINUTE: requestRate("changes by an account.", 600),
  CATALOG_PUBLIC_READS_PER_MINUTE: requestRate("reads of an address without good credentials.", 6000),
  CATALOG_PUBLIC_WRITES_PER_MINUTE: requestRate("signing in and the like, of an address.", 30),
};

const accountVariables = {
  CATALOG_APPS_MAX: integer({
    about: "Apps that an account may have.",
    min: 1,
    max: 1_000_000,
    default: 1000,
  }),
  CATALOG_KEYS_MAX: integer({
    about: "Keys that an account may have.",
    min: 1,
    max: 1_000_000,
    default: 1000,
  }),
  CATALOG_UNCONFIRMED_DAYS: integer({
    about: "Days after which an account is removed whose e-mail address was never confirmed.",
    min: 1,
    max: 3650,
    default: 30,
  }),
  CATALOG_SESSION_HOURS: integer({
    about: "How long a session lasts after signing in.",
    min: 1,
    max: 720,
    default: 24,
  }),
  CATALOG_SESSION_IDLE_MINUTES: integer({
    about: "How long a session lasts without a request.",
    min: 10,
    max: 43_200,
    default: 480,
  }),
  MAIL_URL: url({
    about: "Where mails leave: smtp://user:password@host:587, smtps://host:465, or file:///folder for files.",
    protocols: ["smtp:", "smtps:", "file:"],
  }),
  MAIL_FROM: text({ about: "The sender of mails.", default: "Mosis <no-reply@mosis.invalid>" }),
  CATALOG_PORTAL_URL: optionalUrl({
    about:
      "The portal, which mails lead to: https://portal.example.org has /verify-email and /reset-password.",
    protocols: ["https:", "http:"],
  }),
  OIDC_PROVIDERS: custom({
    about: "Whom one may sign in with, a JSON list: docs/operations.md shows one.",
    default: [],
    read: readProviders,
  }),
};

const browsersAndProxies = {
  CATALOG_CORS_ORIGINS: originList({
    about: "Origins whose pages may use the API from a browser, commas between; * for all.",
    default: [],
  }),
  CATALOG_TRUSTED_PROXIES: addressRangeList({
    about:
      "Proxies whose X-Forwarded-For tells the client's address: ranges like 10.0.0.0/8, commas between.",
    default: [],
  }),
};

/** @throws Error that lists every bad variable. */
export function readApiConfig(env: Environment) {
  const values = readEnv(
    {
      ...common,
      ...selfTelemetryVariables,
      ...requestRates,
      ...webhookVariables,
      ...publicVariables("CATALOG", { about: "The port of the catalog API.", port: 4000 }),
      CATALOG_CONNECTIONS_MAX: integer({
        about: "Connections to PostgreSQL. More do not make it faster than about two per core of its server.",
        min: 1,
        max: 200,
        default: 10,
      }),
      ...browsersAndProxies,
      ...accountVariables,
      ...secondFactorVariables,
      CATALOG_PASSWORD_HASHES_MAX: integer({
        about: "Passwords that are hashed at the same time, 19 MiB and 40 ms of one core each.",
        min: 1,
        max: 64,
        default: 2,
      }),
    },
    env,
  );
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
    // Four seconds of waiting at 40 ms a hash, for those with the longest turns; later ones are told to come
    // back.
    passwordHashes: { runningMax: values.CATALOG_PASSWORD_HASHES_MAX, waitingMax: 200 },
    selfTelemetry: selfTelemetryTarget(values),
  };
}

/** @throws Error that lists every bad variable. */
export function readRelayConfig(env: Environment) {
  const values = readEnv(
    {
      ...common,
      ...selfTelemetryVariables,
      ...kafkaVariables,
      ...recordSigning,
      ...listenVariables("RELAY", { about: "The port of the relay's health and metrics.", port: 4003 }),
    },
    env,
  );
  return {
    logLevel: values.LOG_LEVEL,
    closeTimeoutMs: 10_000,
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

/** @throws Error that lists every bad variable. */
export function readWebhooksConfig(env: Environment) {
  const values = readEnv(
    {
      ...common,
      ...selfTelemetryVariables,
      ...webhookVariables,
      ...listenVariables("WEBHOOKS", { about: "The port of webhooks' health and metrics.", port: 4005 }),
    },
    env,
  );
  const http = listenTarget("WEBHOOKS", values);
  return {
    logLevel: values.LOG_LEVEL,
    // An attempt that runs is waited for.
    closeTimeoutMs: 16_000,
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

/** @throws Error that lists every bad variable. */
export function readAdminConfig(env: Environment) {
  const values = readEnv(common, env);
  return {
    logLevel: values.LOG_LEVEL,
    postgres: { ...jobConnection, url: values.DATABASE_URL, name: "catalog-admin" },
  };
}

/** @throws Error that lists every bad variable. */
export function readMigrateConfig(env: Environment) {
  const values = readEnv(
    {
      ...common,
      CATALOG_API_PASSWORD: optionalText({
        about: "With which the role mosis_api, which the api connects as, may log in from now on.",
      }),
    },
    env,
  );
  return {
    logLevel: values.LOG_LEVEL,
    postgres: { ...jobConnection, url: values.DATABASE_URL, name: "catalog-migrate" },
    apiPassword: values.CATALOG_API_PASSWORD,
  };
}

const jobConnection = { connectionsMax: 1, connectTimeoutMs: 3000, statementTimeoutMs: 5000 };
