// The crowd, a process of its own: connections that ask for nothing, and requests whose bodies arrive very
// slowly. It keeps the ordered number of connections open, and opens a new one when the server closes one.
// `connections.ts` starts it: a CrowdOrder in, a CrowdReport out when it is asked to end.
import { connect, type Socket } from "node:net";

export interface CrowdOrder {
  hostname: string;
  port: number;
  /** The address that the crowd connects from. */
  from: string;
  idle: number;
  slow: number;
  /** The largest number of new connections a second. */
  opensPerSecond: number;
}

export interface CrowdReport {
  opened: number;
  closedByServer: number;
  openAtTheEnd: number;
}

const tickMs = 20;
/** The time between two bytes of a slow body: short enough to look alive, and far below any sensible rate. */
const trickleMs = 1000;
const head =
  "POST /v1/telemetry/batches HTTP/1.1\r\nHost: crowd\r\nContent-Type: application/json\r\n" +
  "Authorization: Bearer nobody\r\nContent-Length: 1000000\r\n\r\n";

const sockets = { idle: new Set<Socket>(), slow: new Set<Socket>() };
const report: CrowdReport = { opened: 0, closedByServer: 0, openAtTheEnd: 0 };

process.on("message", (message: CrowdOrder | "end") => {
  if (message === "end") end();
  else begin(message);
});
// The parent is gone, so nobody waits for a report.
process.once("disconnect", () => process.exit());

function begin(order: CrowdOrder): void {
  const perTick = Math.max(1, Math.round((order.opensPerSecond * tickMs) / 1000));
  setInterval(() => {
    for (let n = 0; n < perTick; n++) {
      if (sockets.slow.size < order.slow) open(order, "slow");
      else if (sockets.idle.size < order.idle) open(order, "idle");
    }
  }, tickMs);
  setInterval(() => {
    for (const socket of sockets.slow) socket.write(" ");
  }, trickleMs);
}

function open({ hostname, port, from }: CrowdOrder, kind: keyof typeof sockets): void {
  const socket = connect({ host: hostname, port, localAddress: from });
  sockets[kind].add(socket);
  report.opened++;
  socket.on("connect", () => void (kind === "slow" && socket.write(head)));
  // The client discards what it receives, and ends when it is refused.
  socket.resume();
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    sockets[kind].delete(socket);
    report.closedByServer++;
  });
}

function end(): void {
  report.openAtTheEnd = sockets.idle.size + sockets.slow.size;
  process.send?.({ report }, undefined, {}, () => process.exit());
}
