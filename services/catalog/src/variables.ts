// The variables of each process. The launcher gives a process only these, so none holds a secret that it does
// not use.
import { kafkaVariables, recordSigning } from "@mosis/kafka";
import {
  addressRangeList,
  custom,
  integer,
  listenVariables,
  oneOf,
  optionalUrl,
  optionalText,
  originList,
  publicVariables,
  selfTelemetryVariables,
  text,
  url,
} from "@mosis/runtime";
import { readProviders } from "./sign-in/oauth/settings.ts";
import { type ProcessRole, processRoles } from "./access/process-roles.ts";
import { secondFactorVariables } from "./sign-in/second-factors/settings.ts";
import { webhookVariables } from "./webhooks/subscriptions/settings.ts";

const common = {
  DATABASE_URL: url({ about: "The catalog's PostgreSQL database, postgres://user:password@host:port/name." }),
  LOG_LEVEL: oneOf({
    about: "The lowest level that is logged.",
    values: ["trace", "debug", "info", "warn", "error", "silent"],
    default: "info",
  }),
};

const requestRate = (about: string, byDefault: number) =>
  integer({
    about: `Requests a minute in each process, and the same number at once after a pause: ${about}`,
    min: 1,
    max: 10_000_000,
    default: byDefault,
  });

const requestRates = {
  CATALOG_READS_PER_MINUTE: requestRate("reads of an account by all its sessions and keys.", 3000),
  CATALOG_WRITES_PER_MINUTE: requestRate("changes by an account with all its sessions and keys.", 600),
  CATALOG_PUBLIC_READS_PER_MINUTE: requestRate(
    "reads from an address (a /64 of IPv6) without valid credentials.",
    6000,
  ),
  CATALOG_PUBLIC_WRITES_PER_MINUTE: requestRate(
    "signing in and similar requests from an address (a /64 of IPv6).",
    30,
  ),
};

const accountVariables = {
  CATALOG_APPS_MAX: integer({
    about: "The number of apps that an account may have.",
    min: 1,
    max: 1_000_000,
    default: 1000,
  }),
  CATALOG_KEYS_MAX: integer({
    about: "The number of keys that an account may have.",
    min: 1,
    max: 1_000_000,
    default: 1000,
  }),
  CATALOG_UNCONFIRMED_DAYS: integer({
    about:
      "Days after which an account is removed, with its drafts and keys, when its e-mail address was never " +
      "confirmed. Roles and what was ever published are left alone.",
    min: 1,
    max: 3650,
    default: 30,
  }),
  CATALOG_SESSION_HOURS: integer({
    about: "Hours that a session lasts after signing in.",
    min: 1,
    max: 720,
    default: 24,
  }),
  CATALOG_SESSION_IDLE_MINUTES: integer({
    about: "Minutes that a session lasts without a request.",
    min: 10,
    max: 43_200,
    default: 480,
  }),
  MAIL_URL: url({
    about: "The mail server: smtp://user:password@host:587, smtps://host:465, or file:///folder for files.",
    protocols: ["smtp:", "smtps:", "file:"],
  }),
  MAIL_FROM: text({ about: "The sender of mails.", default: "Mosis <no-reply@mosis.invalid>" }),
  CATALOG_PORTAL_URL: optionalUrl({
    about:
      "The portal that mails link to: https://portal.example.org has /verify-email and /reset-password. " +
      "Unset, mails describe the request to send.",
    protocols: ["https:", "http:"],
  }),
  OIDC_PROVIDERS: custom({
    about: "The providers that people may sign in with, a JSON list: docs/operations.md shows one.",
    default: [],
    read: readProviders,
  }),
};

const browsersAndProxies = {
  CATALOG_CORS_ORIGINS: originList({
    about: "Origins whose pages may use the API from a browser, separated by commas; * for all.",
    default: [],
  }),
  CATALOG_TRUSTED_PROXIES: addressRangeList({
    about:
      "Proxies whose X-Forwarded-For names the client's address: ranges like 10.0.0.0/8, commas between.",
    default: [],
  }),
};

export const apiVariables = {
  ...common,
  ...selfTelemetryVariables,
  ...requestRates,
  ...webhookVariables,
  ...publicVariables("CATALOG", { about: "The port of the catalog API.", port: 4000 }),
  CATALOG_CONNECTIONS_MAX: integer({
    about:
      "The number of connections to PostgreSQL. More than two per core of its server are hardly faster. A " +
      "developer uses three of ten at once.",
    min: 1,
    max: 200,
    default: 10,
  }),
  ...browsersAndProxies,
  ...accountVariables,
  ...secondFactorVariables,
  CATALOG_PASSWORD_HASHES_MAX: integer({
    about: "The number of passwords that are hashed at the same time, each 19 MiB and 40 ms of one core.",
    min: 1,
    max: 64,
    default: 2,
  }),
};

export const relayVariables = {
  ...common,
  ...selfTelemetryVariables,
  ...kafkaVariables,
  ...recordSigning,
  ...listenVariables("RELAY", { about: "The port of the relay's health and metrics.", port: 4003 }),
};

export const webhooksVariables = {
  ...common,
  ...selfTelemetryVariables,
  ...webhookVariables,
  ...listenVariables("WEBHOOKS", { about: "The port of webhooks' health and metrics.", port: 4005 }),
};

export const adminVariables = common;

const rolePassword = (role: ProcessRole) =>
  optionalText({
    about: `The password with which the role ${role} may log in from now on. Unset, it is left unchanged.`,
  });

export const migrateVariables = {
  ...common,
  CATALOG_API_PASSWORD: rolePassword(processRoles.api),
  CATALOG_RELAY_PASSWORD: rolePassword(processRoles.relay),
  CATALOG_WEBHOOKS_PASSWORD: rolePassword(processRoles.webhooks),
};
