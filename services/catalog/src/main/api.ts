// The catalog API: developers, sessions, apps and keys over HTTP, and the sender of their mails.
import { createSelfTelemetry } from "@mosis/client/process";
import { serve } from "@mosis/http";
import { openPool } from "@mosis/postgres";
import { createLifecycle, createLogger, createMetrics, endProcess } from "@mosis/runtime";
import { startAccountSweep } from "../accounts/deletion/sweep.ts";
import { createApi } from "../api.ts";
import { readApiConfig } from "../config.ts";
import { startMailSender } from "../accounts/mails/sender.ts";
import { openMailTransport } from "../accounts/mails/transport.ts";

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
  const statements = metrics.histogram(
    "postgres_statement_seconds",
    "Seconds from sending a statement to its answer.",
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  );
  const db = life.own(
    "postgres",
    openPool({
      ...config.postgres,
      log,
      onStatement: (durationMs) => statements.observe(durationMs / 1000),
      onSlowQuery: (query) => self.slowQuery({ store: "postgres", ...query }),
    }),
    (it) => it.close(),
  );
  const transport = life.own("mail transport", openMailTransport(config.mail), (it) => it.close());
  const { portalUrl } = config.mail;
  const sender = startMailSender({ db, transport, portalUrl, log, metrics });
  const mails = life.own("mails", sender, (it) => it.close());
  const sweep = startAccountSweep({
    db,
    log,
    metrics,
    days: config.unconfirmedDays,
    intervalMs: 3_600_000,
  });
  life.own("account sweep", sweep, (it) => it.close());
  const observe = self.observe.bind(self);
  const managementApart = config.http.management !== null;
  const apps = await createApi({ ...config, db, log, metrics, observe, mails, managementApart });
  const server = life.own(
    "server",
    await serve(apps, {
      http: config.http,
      trustedProxies: config.trustedProxies,
      metrics,
      requestTimeoutMs: 30_000,
      headersTimeoutMs: 10_000,
    }),
    (it) => it.close(),
  );
  log.info({ url: server.url, management_url: server.managementUrl }, "catalog api started");
  const reason = await life.untilSignal();
  log.info({ reason }, "catalog api stops");
} catch (error) {
  log.error({ err: error }, "catalog api failed");
  process.exitCode = 1;
}
await life.close();
endProcess(log);
