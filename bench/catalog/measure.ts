import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { Figures } from "../report.ts";
import type { AskOrder, AskReport } from "./ask.ts";

export interface Measured {
  /** The 99th percentile of the latency in the open loop. */
  p99Ms: number;
  /** The rate of the closed loop: the highest that was reached. */
  perSecond: number;
  /** The rate that the open loop offered. */
  offeredPerSecond: number;
  /** Statements that the api sent to PostgreSQL for that; null when PostgreSQL itself was asked. */
  statementsPerSecond: number | null;
  /** CPU µs per answer of each process that was named. */
  cpuUs: Record<string, number>;
  figures: Figures;
}

export async function measure(order: AskOrder): Promise<Measured> {
  const report = await ask(order);
  const { latencyMs, latencyMsAtMost, perSecond, offeredPerSecond, statementsPerSecond } = report;
  const { cpuUs, otherAnswers } = report;
  const { load_generator = 0, ...others } = cpuUs;
  const all = Object.values(others).reduce((sum, us) => sum + us, 0);
  return {
    p99Ms: latencyMs.p99,
    perSecond,
    offeredPerSecond,
    statementsPerSecond,
    cpuUs: others,
    figures: {
      p50_ms: latencyMs.p50,
      p99_ms: latencyMs.p99,
      p99_ms_of_the_worst_window: latencyMs.p99Worst,
      max_ms: latencyMs.max,
      offered_per_second: offeredPerSecond,
      ...(statementsPerSecond === null ? {} : { statements_per_second: statementsPerSecond }),
      p50_ms_at_most: latencyMsAtMost.p50,
      p99_ms_at_most: latencyMsAtMost.p99,
      per_second: perSecond,
      per_cpu_second: 1e6 / all,
      cpu_us: others,
      load_generator_cpu_us: load_generator,
      ...(Object.keys(otherAnswers).length > 0 ? { other_answers: otherAnswers } : {}),
    },
  };
}

function ask(order: AskOrder): Promise<AskReport> {
  const child = fork(join(import.meta.dirname, "ask.ts"));
  const report = firstMessage<{ report: AskReport }>(child);
  child.send(order);
  return report.then((message) => message.report);
}

/** @throws Error when the process ends before that. */
export function firstMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as T));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`A process of the benchmark ended with code ${code}.`)));
  });
}
