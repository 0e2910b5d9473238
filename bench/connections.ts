// `connections` measures the p99 of normal traffic beside 10 000 idle and 2 000 slow connections of another
// host, against the p99 without them.
import { fork } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CrowdOrder, CrowdReport } from "./crowd.ts";
import type { FloodReport } from "./flood.ts";
import { flood, reportOf } from "./generator.ts";
import { median } from "./percentiles.ts";
import type { Platform } from "./platform.ts";
import type { Outcome } from "./report.ts";
import { openTraffic } from "./traffic.ts";

/** Linux has all of 127.0.0.0/8, so this is another host to the server. */
const crowdAddress = "127.0.0.2";
const crowd = { idle: 10_000, slow: 2000, opensPerSecond: 2000 };
/** The time until every client of the crowd has connected once. */
const gatherMs = ((crowd.idle + crowd.slow) / crowd.opensPerSecond) * 1000 + 2000;
/** Far below what one core answers: the figure is about waiting, not about a full machine. */
const normal = { eventsPerRequest: 1, connections: 64, requestsPerSecond: 400 };
/** Measures without and with the crowd in turns, because the machine changes from one minute to the next. */
const rounds = 3;

export async function benchConnections(platform: Platform, options: { seconds: number }): Promise<Outcome> {
  const traffic = await openTraffic(platform.endpoints);
  const { endpoint, keys } = traffic;
  const order = { endpoint, keys, ...normal, seconds: options.seconds };
  await flood({ ...order, seed: 1 });
  const alone: FloodReport[] = [];
  const beside: FloodReport[] = [];
  const crowds: CrowdReport[] = [];
  for (let round = 0; round < rounds; round++) {
    alone.push(await flood({ ...order, seed: 10 + round }));
    const gathered = gather(endpoint);
    await sleep(gatherMs);
    beside.push(await flood({ ...order, seed: 20 + round }));
    crowds.push(await gathered.end());
  }
  await traffic.close();
  const sum = (read: (one: CrowdReport) => number) => crowds.reduce((all, one) => all + read(one), 0);
  return {
    figures: {
      p99_times: p99Of(beside) / p99Of(alone),
      alone_ack_ms_p99: p99Of(alone),
      beside_ack_ms_p99: p99Of(beside),
      alone_ack_ms_p50: median(alone.map(({ ackMs }) => ackMs.p50)),
      beside_ack_ms_p50: median(beside.map(({ ackMs }) => ackMs.p50)),
      crowd_connections_opened: sum(({ opened }) => opened),
      crowd_connections_closed: sum(({ closedByServer }) => closedByServer),
    },
    broken: beside.flatMap(brokenAnswers),
  };
}

function p99Of(reports: readonly FloodReport[]): number {
  return median(reports.map(({ ackMs }) => ackMs.p99));
}

function gather(endpoint: string) {
  const { hostname, port } = new URL(endpoint);
  const child = fork(join(import.meta.dirname, "crowd.ts"));
  const report = reportOf<CrowdReport>(child);
  const order: CrowdOrder = { hostname, port: Number(port), from: crowdAddress, ...crowd };
  child.send(order);
  return {
    end() {
      child.send("end");
      return report;
    },
  };
}

function brokenAnswers({ answers, cutOff, notConnected }: FloodReport): string[] {
  const others = Object.entries(answers).filter(([status]) => status !== "202");
  return [
    ...others.map(([status, count]) => `${count} answers of normal traffic with status ${status}.`),
    ...(cutOff + notConnected > 0
      ? [`${cutOff + notConnected} connections of normal traffic were lost.`]
      : []),
  ];
}
