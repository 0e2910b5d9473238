// Webhooks: sends due deliveries to their receivers. Several may run; each claims its own.
import { createSelfTelemetry } from "@mosis/client/process";
import { serve } from "@mosis/http";
import { openPool, openSession } from "@mosis/postgres";
import { createLifecycle, createLogger, createMetrics, endProcess } from "@mosis/runtime";
import { readWebhooksConfig } from "../config.ts";
import { createResolve } from "../webhooks/sender/resolve.ts";
import { createWebhooks } from "../webhooks/sender/process.ts";

// Throws one error that lists every bad variable. Nothing after this line reads the environment.
const config = readWebhooksConfig(process.env);
const service = "catalog-webhooks";
const log = createLogger({ service, level: config.logLevel });
const metrics = createMetrics({ service });
const life = createLifecycle({ log, ...config.close });

try {
  const self = life.own(
    "self-telemetry",
    createSelfTelemetry({ service, target: config.selfTelemetry }),
    (it) => it.close(),
  );
  const onSlowQuery = (query: { statement: string; duration_ms: number }) =>
    self.slowQuery({ store: "postgres", ...query });
  const postgres = { ...config.postgres, log, onSlowQuery };
  const db = life.own("postgres", openPool({ ...postgres, connectionsMax: 8 }), (it) => it.close());
  const { deliverer, apps } = createWebhooks({
    db,
    openSession: () => openSession(postgres),
    webhooks: config.webhooks,
    resolve: createResolve(),
    log,
    metrics,
  });
  life.own("deliverer", deliverer, (it) => it.close());
  const server = life.own(
    "server",
    await serve(apps, { http: config.http, metrics, requestTimeoutMs: 10_000, headersTimeoutMs: 5000 }),
    (it) => it.close(),
  );
  log.info({ url: server.url }, "catalog webhooks started");
  const reason = await life.untilSignal();
  log.info({ reason }, "catalog webhooks stops");
} catch (error) {
  log.error({ err: error }, "catalog webhooks failed");
  process.exitCode = 1;
}
await life.close();
endProcess(log);
