import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { portNear, readStackPorts, readStackSource, type StackSource } from "@mosis/devstack";
import { oneOf, optionalText, port, readEnv, text } from "@mosis/runtime";
import type { Environment } from "./process-environment.ts";
import type { RolePasswords, ServiceName } from "./services.ts";
import { refuseOwnTargets } from "./webhook-targets.ts";

/** The settings that `npm start` reads from the environment. */
export interface Settings {
  dataDir: string;
  cacheDir: string | null;
  ports: Record<ServiceName, number>;
  source: StackSource;
  selfTelemetry: boolean;
  /**
   * Passwords of the roles as which processes connect to PostgreSQL; for missing ones, the data folder has
   * passwords.
   */
  rolePasswords: Partial<RolePasswords>;
  /** The destination of mails to developers: a folder, unless the environment names a server. */
  mailUrl: string;
}

const rolePassword = (process: string) =>
  optionalText({ about: `The password of the database role of ${process}; default the data folder's.` });

/** @throws Error that lists every bad variable. */
export async function readSettings(env: Environment): Promise<Settings> {
  const values = readEnv(
    {
      MOSIS_DATA_DIR: text({ about: "Folder of all data, logs and endpoints.json.", default: ".mosis" }),
      MOSIS_CACHE_DIR: optionalText({ about: "Folder of what is fetched once; default ~/.cache/mosis." }),
      MOSIS_SELF_TELEMETRY: oneOf({
        about: "Whether the platform reports itself as the app dev.mosis.platform.",
        values: ["on", "off"],
        default: "on",
      }),
      CATALOG_API_PASSWORD: rolePassword("the catalog API"),
      CATALOG_RELAY_PASSWORD: rolePassword("the relay"),
      CATALOG_WEBHOOKS_PASSWORD: rolePassword("webhooks"),
      MAIL_URL: optionalText({ about: "The mail server; default the folder mails of the data." }),
      CATALOG_PORT: port({ about: "The port of the catalog API.", default: 4000 }),
      INGEST_PORT: port({ about: "The port apps send telemetry to.", default: 4001 }),
      QUERY_PORT: port({ about: "The port of receipts and the audit trail.", default: 4002 }),
      RELAY_PORT: port({ about: "The port of the relay's health and metrics.", default: 0 }),
      WEBHOOKS_PORT: port({ about: "The port of the health and metrics of webhooks.", default: 0 }),
      WRITER_PORT: port({ about: "The port of the writer's health and metrics.", default: 0 }),
    },
    env,
  );
  const chosen = [values.CATALOG_PORT, values.INGEST_PORT, values.QUERY_PORT];
  const { RELAY_PORT, WEBHOOKS_PORT, WRITER_PORT } = values;
  const stackPorts = await readStackPorts(env, [...chosen, RELAY_PORT, WEBHOOKS_PORT, WRITER_PORT]);
  const taken = [...chosen, ...Object.values(stackPorts)];
  // Only an operator's Prometheus uses these ports, so a second copy just takes others.
  const relay = RELAY_PORT || (await portNear(4003, taken));
  const writer = WRITER_PORT || (await portNear(4004, [...taken, relay]));
  const webhooks = WEBHOOKS_PORT || (await portNear(4005, [...taken, relay, writer]));
  const source = readStackSource(env, stackPorts);
  refuseOwnTargets(env, [...chosen, relay, writer, webhooks], source);
  const dataDir = resolve(values.MOSIS_DATA_DIR);
  return {
    dataDir,
    cacheDir: values.MOSIS_CACHE_DIR,
    ports: {
      catalog: values.CATALOG_PORT,
      ingest: values.INGEST_PORT,
      query: values.QUERY_PORT,
      relay,
      webhooks,
      writer,
    },
    source,
    rolePasswords: {
      ...(values.CATALOG_API_PASSWORD !== null && { mosis_api: values.CATALOG_API_PASSWORD }),
      ...(values.CATALOG_RELAY_PASSWORD !== null && { mosis_relay: values.CATALOG_RELAY_PASSWORD }),
      ...(values.CATALOG_WEBHOOKS_PASSWORD !== null && { mosis_webhooks: values.CATALOG_WEBHOOKS_PASSWORD }),
    },
    mailUrl: values.MAIL_URL ?? pathToFileURL(join(dataDir, "mails")).href,
    selfTelemetry: values.MOSIS_SELF_TELEMETRY === "on",
  };
}
