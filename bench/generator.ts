// Starts the load generators as processes of their own, so that their CPU is measured separately.
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { FloodOrder, FloodReport } from "./flood.ts";
import type { LoadMessage, LoadOrder, LoadReport } from "./load.ts";

export interface RunningLoad {
  report: Promise<LoadReport>;
  /** Returns the events acknowledged so far; once the load is over, the last number that was reported. */
  acknowledgedEvents(): Promise<number>;
}

/** Starts a closed loop that reports its progress when asked. */
export function startLoad(order: LoadOrder): RunningLoad {
  const child = fork(join(import.meta.dirname, "load.ts"));
  let last = 0;
  const asking: ((events: number) => void)[] = [];
  const answer = () => {
    for (const resolve of asking.splice(0)) resolve(last);
  };
  child.on("message", (message: LoadMessage) => {
    last = "report" in message ? message.report.acknowledgedEvents : message.acknowledgedEvents;
    answer();
  });
  child.once("exit", answer);
  const report = reportOf<LoadReport>(child);
  child.send(order);
  return {
    report,
    acknowledgedEvents: () =>
      new Promise((resolve) => {
        if (!child.connected) return resolve(last);
        asking.push(resolve);
        child.send("how far");
      }),
  };
}

/** Runs a closed loop to its end. */
export function load(order: LoadOrder): Promise<LoadReport> {
  return startLoad(order).report;
}

/** Runs an open loop to its end. */
export function flood(order: FloodOrder): Promise<FloodReport> {
  const child = fork(join(import.meta.dirname, "flood.ts"));
  const report = reportOf<FloodReport>(child);
  child.send(order);
  return report;
}

/** Resolves with the report that a process sends at its end. @throws Error when it ends without one. */
export function reportOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.on("message", (message: object) => {
      if ("report" in message) resolve(message.report as T);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`The load generator ended with code ${code}.`)));
  });
}
