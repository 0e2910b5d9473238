// The catalog API: developers, sessions, apps and keys over HTTP. Nothing else runs here.
import { createSelfTelemetry } from "@mosis/client/process";
import { listen } from "@mosis/http";
import { openPool } from "@mosis/postgres";
import { createLifecycle, createLogger, createMetrics } from "@mosis/runtime";
import { createApi } from "../api.ts";
import { readApiConfig } from "../config.ts";

// Throws one error that lists every bad variable. Nothing after this line reads the environment.
const config = readApiConfig(process.env);
const service = "catalog-api";
const log = createLogger({ service, level: config.logLevel });
const metrics = createMetrics({ service });
const life = createLifecycle({ log, closeTimeoutMs: config.closeTimeoutMs });

try {
  const self = life.own(
    "self-telemetry",
    createSelfTelemetry({ service, target: config.selfTelemetry }),
    (it) => it.close(),
  );
  const db = life.own(
    "postgres",
    openPool({
      ...config.postgres,
      log,
      onSlowQuery: (query) => self.slowQuery({ store: "postgres", ...query }),
    }),
    (it) => it.close(),
  );
  const { passwordHashes, sessionHours, requestRates, trustedProxies, webhooks } = config;
  const observe = self.observe.bind(self);
  const app = await createApi({
    ...{ db, log, metrics, observe },
    ...{ passwordHashes, sessionHours, requestRates, trustedProxies, webhooks },
  });
  const server = life.own(
    "server",
    await listen(app, { port: config.port, requestTimeoutMs: 30_000, headersTimeoutMs: 10_000 }),
    (it) => it.close(),
  );
  log.info({ url: server.url }, "catalog api started");
  const reason = await life.untilSignal();
  log.info({ reason }, "catalog api stops");
} catch (error) {
  log.error({ err: error }, "catalog api failed");
  process.exitCode = 1;
}
await life.close();
