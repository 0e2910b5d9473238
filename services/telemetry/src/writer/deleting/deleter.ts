import type { ClickHouse } from "@mosis/clickhouse";
import { type KafkaConfig, openConsumer, openLagReader } from "@mosis/kafka";
import type { Logger, Metrics } from "@mosis/runtime";
import { ErasureRequest } from "@mosis/types/erasures";
import { topics } from "@mosis/types/topics";
import { type DeadLetter, setAside } from "../dead-letter.ts";
import { writerGroup } from "../consumer-group.ts";
import { createJsonReader } from "../json-record.ts";
import type { Retry } from "../retry.ts";
import { eraseInstalls } from "./erase.ts";
import { foldDeliveries } from "./fold.ts";
import { createDeletingMetrics, type Swept } from "./metrics.ts";
import { redactDeleted } from "./redact.ts";
import { sweepExpired } from "./sweep.ts";
import { type SweepLimits, type SweepRefusal, SweepRefused } from "./sweep-guard.ts";

export interface DeleterOptions {
  kafka: KafkaConfig;
  /** A client with a deadline of its own: one query may read a whole month. */
  store: ClickHouse;
  retry: Retry;
  deadLetter: DeadLetter;
  log: Logger;
  metrics: Metrics;
  sweepIntervalMs: number;
  sweepLimits: SweepLimits;
  deliveriesKeptDays: number;
  /** The writer's clock. */
  now: () => number;
}

export interface Deleter {
  failed: Promise<never>;
  close(): Promise<void>;
}

/**
 * The number of erasures that share one deletion.
 * @limit erasures in one deletion
 */
const erasuresAtOnce = 50;
const readRequests = createJsonReader(ErasureRequest);

/**
 * Deletes what must go: erased installs, events that their apps no longer keep, and personal data of deleted
 * accounts. The writer that has the one partition of `telemetry.erasures` does it. Should two writers believe
 * for a moment that they have it, they delete the same rows, which does no harm.
 */
export async function startDeleter(options: DeleterOptions): Promise<Deleter> {
  const { kafka, store, retry, deadLetter, log } = options;
  const counted = createDeletingMetrics(options.metrics);
  const behind = { group: writerGroup(kafka), topics: [topics.events, topics.rejected] };
  const writerLag = openLagReader(kafka, behind);
  const consumer = await openConsumer(
    {
      ...kafka,
      group: `${writerGroup(kafka)}-erasures`,
      topics: [topics.erasures],
      minBytes: 1,
      maxWaitMs: 500,
      maxBytesPerPartition: 1_048_576,
      sessionTimeoutMs: 10_000,
      onForged: setAside(deadLetter),
    },
    async (batch, context) => {
      const isStale = () => context.isStale();
      const { read, faults } = readRequests([batch]);
      for (const [origin, fault] of faults) await deadLetter(origin, fault, isStale);
      const requests = read.flatMap(({ value }) => value ?? []);
      for (let start = 0; start < requests.length; start += erasuresAtOnce) {
        const some = requests.slice(start, start + erasuresAtOnce);
        const erase = () => eraseInstalls({ store, log, isStale, writerLag }, some);
        const proofs = await retry("Erasing installs", erase, isStale);
        counted.erased(proofs);
        const rows = proofs.reduce((sum, proof) => sum + proof.events_erased + proof.rejected_erased, 0);
        log.info({ erasures: proofs.length, rows }, "Erased installs");
      }
    },
  );
  const sweeping = keepSweeping(options, {
    isStale: () => !consumer.hasPartition(),
    swept: (found) => counted.swept(found),
    refused: (reason) => counted.refused(reason),
  });
  return {
    failed: consumer.failed,
    async close() {
      await sweeping.stop();
      await consumer.close();
      await writerLag.close();
    },
  };
}

/** The interval at which the deleter checks whether a sweep is due and whether it is this writer's task. */
const lookIntervalMs = 1000;

/** Sweeps when it becomes this writer's task, and then in every interval. */
function keepSweeping(
  { store, log, sweepIntervalMs, sweepLimits: limits, deliveriesKeptDays, now }: DeleterOptions,
  { isStale, swept, refused }: Sweeping,
): { stop(): Promise<void> } {
  let isStopped = false;
  let nextMs = 0;
  let running: Promise<void> | null = null;
  const sweep = async () => {
    try {
      const isOver = () => isStopped || isStale();
      // This comes first: it does not depend on a clock, so nothing refuses it.
      const redactedRows = await redactDeleted({ store, log, isStale: isOver });
      const rows = await sweepExpired({ store, log, isStale: isOver }, { now, limits });
      const months = await foldDeliveries(
        { store, log, isStale: isOver },
        { now, limits, deliveriesKeptDays },
      );
      if (isOver()) return;
      swept({ rows, redactedRows, months });
      nextMs = Date.now() + sweepIntervalMs;
      if (rows > 0) log.info({ rows }, "Deleted what its app no longer keeps");
      if (months > 0) log.info({ months }, "Summed up old deliveries by day");
      if (redactedRows > 0) log.info({ rows: redactedRows }, "Redacted what tells of deleted accounts");
    } catch (error) {
      // Nothing is lost: the next sweep finds the same rows.
      nextMs = Date.now() + Math.min(sweepIntervalMs, retryPauseMs);
      if (error instanceof SweepRefused) refused(error.reason);
      log.error({ err: error }, "Old events could not be deleted; it is tried again");
    }
  };
  const look = () => {
    if (running || isStale() || Date.now() < nextMs) return;
    running = sweep().finally(() => (running = null));
  };
  const timer = setInterval(look, Math.min(lookIntervalMs, sweepIntervalMs));
  timer.unref();
  return {
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
}

interface Sweeping {
  isStale: () => boolean;
  swept: (found: Swept) => void;
  refused: (reason: SweepRefusal) => void;
}

const retryPauseMs = 60_000;
