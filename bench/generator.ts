// The load generators, started as processes of their own so that what they take is told apart.
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { FloodOrder, FloodReport } from "./flood.ts";
import type { LoadMessage, LoadOrder, LoadReport } from "./load.ts";

export interface RunningLoad {
  report: Promise<LoadReport>;
  /** Events acknowledged by now; what it was last told once the load is over. */
  acknowledgedEvents(): Promise<number>;
}

/** A closed loop that can be asked how far it is. */
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

/** A closed loop. */
export function load(order: LoadOrder): Promise<LoadReport> {
  return startLoad(order).report;
}

/** An open loop. */
export function flood(order: FloodOrder): Promise<FloodReport> {
  const child = fork(join(import.meta.dirname, "flood.ts"));
  const report = reportOf<FloodReport>(child);
  child.send(order);
  return report;
}

/** Resolves with what a process reports at its end. @throws Error when it ends without a report. */
export function reportOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.on("message", (message: object) => {
      if ("report" in message) resolve(message.report as T);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`The load generator ended with code ${code}.`)));
  });
}
