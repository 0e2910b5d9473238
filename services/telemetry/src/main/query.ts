// The query process serves everything that is read of telemetry over HTTP, and replays. Nothing else runs
// here.
import { openClickHouse } from "@mosis/clickhouse";
import { createSelfTelemetry } from "@mosis/client/process";
import { serve } from "@mosis/http";
import { createRecordVerifier, openProducer } from "@mosis/kafka";
import { createLifecycle, createLogger, createMetrics, endProcess } from "@mosis/runtime";
import { readQueryConfig } from "../config.ts";
import { createQuery } from "../query.ts";

// Throws one error that lists every bad variable. Nothing after this line reads the environment.
const config = readQueryConfig(process.env);
const service = "telemetry-query";
const log = createLogger({ service, level: config.logLevel });
const metrics = createMetrics({ service });
const life = createLifecycle({ log, closeTimeoutMs: config.closeTimeoutMs });

try {
  const self = life.own(
    "self-telemetry",
    createSelfTelemetry({ service, target: config.selfTelemetry }),
    (it) => it.close(),
  );
  const store = life.own(
    "clickhouse",
    openClickHouse({
      ...config.clickhouse,
      log,
      onSlowQuery: (query) => self.slowQuery({ store: "clickhouse", ...query }),
    }),
    (it) => it.close(),
  );
  const verifier = createRecordVerifier({ publicKeys: config.recordPublicKeys, log, metrics });
  const kafka = { ...config.kafka, clientId: service, log, verifier };
  const producer = life.own("producer", await openProducer(kafka), (it) => it.close());
  const observe = self.observe.bind(self);
  const { trustedProxies, requestRates } = config;
  const managementApart = config.http.management !== null;
  const shared = { log, metrics, life, trustedProxies, requestRates, observe, managementApart };
  const { apps, failed } = await createQuery({ kafka, producer, store, ...shared });
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
  log.info({ url: server.url, management_url: server.managementUrl }, "telemetry query started");
  // A process that no longer hears of revoked keys must exit: its supervisor starts another.
  const reason = await Promise.race([life.untilSignal(), failed]);
  log.info({ reason }, "telemetry query stops");
} catch (error) {
  log.error({ err: error }, "telemetry query failed");
  process.exitCode = 1;
}
await life.close();
endProcess(log);
