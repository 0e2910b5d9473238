// The load generator, a process of its own: `fork("load.ts")`, a LoadOrder in, a LoadReport out.
// Plain sockets and requests made beforehand, so that it takes little of the two cores it shares with the
// platform.
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type PreparedRequest, prepareRequest, refresh } from "./bodies.ts";

export interface LoadOrder {
  /** Base URL of the ingest service. */
  endpoint: string;
  keys: readonly string[];
  eventsPerRequest: number;
  connections: number;
  /** Requests made before the start; each is used again and again with new ids. */
  prepared: number;
  seconds: number;
  seed: number;
}

export interface LoadReport {
  acknowledgedEvents: number;
  acknowledgedRequests: number;
  /** Answers that were not 202, by status. */
  otherAnswers: Record<string, number>;
  /** Connections lost in the middle of a request. */
  cutOff: number;
  seconds: number;
  /** Milliseconds from the first byte sent to the answer, one per acknowledged request. */
  latencyMs: { p50: number; p99: number; max: number };
  bytesSent: number;
  cpuSeconds: number;
}

process.once("message", (order: LoadOrder) => {
  void run(order).then(
    (report) => void process.send?.(report, undefined, {}, () => process.disconnect?.()),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
// The parent is gone: nobody waits for a report.
process.once("disconnect", () => process.exit());

async function run(order: LoadOrder): Promise<LoadReport> {
  const { hostname, port, host } = new URL(order.endpoint);
  const bodies = Array.from({ length: order.prepared }, (_, n) => prepareRequest(n, { ...order, host }));
  const tally: Tally = { requests: 0, events: 0, others: {}, cutOff: 0, bytes: 0, latencies: [] };
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const endsAt = startedAt + order.seconds * 1000;
  const share = (index: number) => bodies.filter((_, n) => n % order.connections === index);
  await Promise.all(
    Array.from({ length: order.connections }, (_, index) =>
      drive({ hostname, port: Number(port) }, share(index), tally, endsAt),
    ),
  );
  const { user, system } = process.cpuUsage(cpuBefore);
  const latencies = Float64Array.from(tally.latencies).toSorted();
  const at = (part: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? 0;
  return {
    acknowledgedEvents: tally.events,
    acknowledgedRequests: tally.requests,
    otherAnswers: tally.others,
    cutOff: tally.cutOff,
    seconds: (performance.now() - startedAt) / 1000,
    latencyMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
    bytesSent: tally.bytes,
    cpuSeconds: (user + system) / 1e6,
  };
}

interface Tally {
  requests: number;
  events: number;
  others: Record<string, number>;
  cutOff: number;
  bytes: number;
  latencies: number[];
}

/** One connection: the next request goes when the answer to the one before is here. */
async function drive(
  address: { hostname: string; port: number },
  requests: readonly PreparedRequest[],
  tally: Tally,
  endsAt: number,
): Promise<void> {
  let connection: Connection | null = null;
  for (let n = 0; performance.now() < endsAt; n++) {
    const request = requests[n % requests.length] as PreparedRequest;
    refresh(request, Date.now());
    const sentAt = performance.now();
    try {
      connection ??= await open(address);
      const status = await connection.ask(request.message);
      tally.bytes += request.message.length;
      if (status === 202) {
        tally.requests++;
        tally.events += request.events;
        tally.latencies.push(performance.now() - sentAt);
        continue;
      }
      tally.others[status] = (tally.others[status] ?? 0) + 1;
    } catch {
      // Counted and told in the report; the benchmark decides what it means.
      tally.cutOff++;
      connection = null;
    }
    await sleep(20);
  }
  connection?.socket.destroy();
}

interface Connection {
  socket: Socket;
  /** Sends a request and resolves with the status of its answer. One at a time. */
  ask(message: Buffer): Promise<number>;
}

function open({ hostname, port }: { hostname: string; port: number }): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port, noDelay: true });
    let waiting: { resolve: (status: number) => void; reject: (error: Error) => void } | null = null;
    let received: Buffer = Buffer.alloc(0);
    const fail = (error: Error) => {
      reject(error);
      waiting?.reject(error);
      waiting = null;
    };
    socket.on("error", fail);
    socket.on("close", () => fail(new Error("The connection was closed.")));
    socket.on("data", (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const status = completeAnswer(received);
      if (status === null) return;
      received = Buffer.alloc(0);
      waiting?.resolve(status);
      waiting = null;
    });
    const ask = (message: Buffer) =>
      new Promise<number>((resolve, reject) => {
        if (socket.destroyed) return reject(new Error("The connection is closed."));
        waiting = { resolve, reject };
        socket.write(message);
      });
    socket.once("connect", () => resolve({ socket, ask }));
  });
}

/** The status once the whole answer is here, else null. Answers have a content-length: ours always do. */
function completeAnswer(bytes: Buffer): number | null {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const head = bytes.toString("latin1", 0, headEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`An answer without content-length: ${head}`);
  return bytes.length >= headEnd + 4 + Number(length) ? Number(head.slice(9, 12)) : null;
}
