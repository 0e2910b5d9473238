import { randomUUID } from "node:crypto";
import type { Logger } from "@mosis/runtime";
import type { ProblemCode } from "@mosis/types/problems";
import { noUuid } from "@mosis/types/telemetry-row";
import type { Flusher } from "../blocks/flush.ts";
import { pushOutcome } from "./outcome-rows.ts";

/** Counts batches that were refused, by app, minute and reason, and sends the counts with the next flush. */
export interface Refusals {
  /** @param appId null when it is not known. */
  count(appId: string | null, reason: ProblemCode, nowMs: number, batches?: number): void;
  /** Returns the number of rows that Kafka has not acknowledged. */
  waiting(): number;
  /** Sends the counts that are left. What Kafka does not take then is lost, and the loss is logged. */
  close(): Promise<void>;
}

interface Row {
  appId: string;
  minuteMs: number;
  /**
   * The id is drawn once: when a send has to be repeated, or a record arrives twice, both fall onto one row.
   */
  countId: string;
  reason: ProblemCode;
  count: number;
}

const minuteMs = 60_000;
/**
 * Beyond this number apps and minutes are no longer counted separately, only reasons.
 * @limit counts of refused batches in memory
 */
const rowsMax = 5000;
/**
 * About 130 kB: with a request on top of it a flush stays below the size of a record.
 * @limit counts of refused batches in a flush
 */
const rowsPerFlushMax = 2000;

/**
 * Counts refused batches. Such a batch has no delivery and was not acknowledged, so its count may wait here:
 * a `kill -9` loses the counts of the last `intervalMs`, and no event.
 */
export function countRefusals({
  flusher,
  log,
  intervalMs,
}: {
  flusher: Pick<Flusher, "blocks" | "commit">;
  log: Logger;
  intervalMs: number;
}): Refusals {
  const counted = new Map<string, Row>();
  /**
   * Rows of a flush that is under way, or that failed: after a failure the same rows go again before any
   * other.
   */
  let taken: Row[] = [];
  let sending: Promise<boolean> | null = null;

  /** @returns true when they were acknowledged. */
  const send = (): Promise<boolean> => {
    if (taken.length === 0) taken = take(counted);
    if (taken.length === 0) return Promise.resolve(true);
    for (const { appId, minuteMs, countId, reason, count } of taken) {
      const row = { appId, receivedAtMs: minuteMs, id: countId, outcome: "refused", reason, count } as const;
      pushOutcome(flusher.blocks.outcomes, row);
    }
    return new Promise((resolve) => {
      flusher.commit((failure) => {
        if (!failure) taken = [];
        resolve(!failure);
      });
    });
  };
  const pump = () => (sending ??= send().finally(() => (sending = null)));
  const timer = setInterval(() => void pump(), intervalMs);
  timer.unref();
  const waiting = () => taken.length + counted.size;

  return {
    waiting,
    count(appId, reason, nowMs, batches = 1) {
      const minute = nowMs - (nowMs % minuteMs);
      let key = `${minute} ${appId ?? ""} ${reason}`;
      if (counted.size >= rowsMax && !counted.has(key)) key = reason;
      const known = counted.get(key);
      if (known) known.count += batches;
      else counted.set(key, newRow(key === reason ? null : appId, minute, reason, batches));
    },
    async close() {
      clearInterval(timer);
      await sending;
      while (waiting() > 0) {
        if (await pump()) continue;
        log.warn({ rows: waiting() }, "Counts of refused batches are lost: Kafka does not take them");
        return;
      }
    },
  };
}

function newRow(appId: string | null, minute: number, reason: ProblemCode, count: number): Row {
  return { appId: appId ?? noUuid, minuteMs: minute, countId: randomUUID(), reason, count };
}

function take(counted: Map<string, Row>): Row[] {
  const rows: Row[] = [];
  for (const [key, row] of counted) {
    if (rows.length === rowsPerFlushMax) break;
    counted.delete(key);
    rows.push(row);
  }
  return rows;
}
