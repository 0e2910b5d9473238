// One measurement: a warm-up; as many questions as are answered, for what they cost; and half as many, for
// how long an answer takes when it does not wait for the machine.
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { cpuSecondsOfTree } from "../cpu.ts";
import type { Figures } from "../report.ts";
import type { AskOrder, AskReport } from "./ask.ts";

export interface Measured {
  answers: number;
  /** At half the rate of the most. */
  p99Ms: number;
  /** CPU µs an answer of each process that was named. */
  cpuUs: Record<string, number>;
  figures: Figures;
}

/** @param processes pid by name. */
export async function measure(order: AskOrder, processes: Record<string, number>): Promise<Measured> {
  const names = Object.keys(processes);
  const cpuOf = (name: string) => cpuSecondsOfTree(processes[name] ?? 0);
  const before = names.map(cpuOf);
  const { answers, answersInAll, otherAnswers, seconds, latencyMs, cpuSeconds } = await ask(order);
  const cpuUs = Object.fromEntries(
    names.map((name, i) => [name, ((cpuOf(name) - (before[i] ?? 0)) * 1e6) / answersInAll]),
  );
  const half = await ask({ ...order, perSecond: answers / seconds / 2 });
  const all = Object.values(cpuUs).reduce((sum, us) => sum + us, 0);
  return {
    answers,
    p99Ms: half.latencyMs.p99,
    cpuUs,
    figures: {
      p50_ms: half.latencyMs.p50,
      p99_ms: half.latencyMs.p99,
      max_ms: half.latencyMs.max,
      p50_ms_at_most: latencyMs.p50,
      p99_ms_at_most: latencyMs.p99,
      per_second: answers / seconds,
      per_cpu_second: 1e6 / all,
      cpu_us: cpuUs,
      load_generator_cpu_us: (cpuSeconds * 1e6) / answers,
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

/** @throws Error when the process ends before. */
export function firstMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as T));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`A process of the benchmark ended with code ${code}.`)));
  });
}
