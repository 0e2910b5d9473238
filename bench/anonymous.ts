// `anonymous` measures what a request without a good key costs the process that receives it, for each kind of
// body.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import type { Endpoints } from "../infra/local/endpoints.ts";
import type { Environment } from "../infra/local/process-environment.ts";
import { newSecret } from "../services/catalog/src/keys/secret.ts";
import { cpuSecondsOfTree } from "./cpu.ts";
import type { Platform } from "./platform.ts";
import type { Figures, Outcome } from "./report.ts";

/** Raises limits that would answer requests with 429 after a while, which costs less. */
export const anonymousEnvironment: Environment = {
  INGEST_ADDRESS_WASTE_MS: "1000000",
  CATALOG_PUBLIC_READS_PER_MINUTE: "10000000",
  CATALOG_PUBLIC_WRITES_PER_MINUTE: "10000000",
};

type Port = "catalog" | "ingest" | "query";

interface Kind {
  port: Port;
  message: Buffer;
}

const mebibyte = 1_048_576;
/** `/proc` counts CPU in hundredths of a second, so a request is known to 4 µs. */
const requests = 2400;
/** The time limit for one answer. A connection that is closed without an answer counts as an answer, too. */
const answerMsMax = 10_000;

export async function benchAnonymous({ endpoints, processes }: Platform): Promise<Outcome> {
  const cost: Figures = {};
  let most = 0;
  for (const [name, { port, message }] of Object.entries(kinds())) {
    const pid = processes[port] ?? 0;
    // Warms up: V8 compiles the code during these requests.
    await sendAll(endpoints[port], message, requests / 2);
    const before = cpuSecondsOfTree(pid);
    await sendAll(endpoints[port], message, requests);
    const us = ((cpuSecondsOfTree(pid) - before) * 1e6) / requests;
    cost[`${port}_${name}`] = us;
    most = Math.max(most, us);
  }
  return { figures: { anonymous_cpu_us_max: most, anonymous_cpu_us: cost }, broken: [] };
}

/** Returns the kinds of requests, by a name that describes the body. */
function kinds(): Record<string, Kind> {
  const json = "Content-Type: application/json\r\n";
  const gzip = `${json}Content-Encoding: gzip\r\n`;
  const bomb = gzipSync(Buffer.alloc(5 * mebibyte, "[1,"));
  const commas = Buffer.alloc(mebibyte - 1000, "1,");
  const withKey = Buffer.concat([
    Buffer.from('{"writeKey":"mi_live_nobody","x":['),
    commas.subarray(0, 500_000),
  ]);
  const chunks = Buffer.from(`4000\r\n${" ".repeat(16_384)}\r\n`.repeat(64));
  const batches = "/v1/telemetry/batches";
  const replay = "/v1/apps/org.nobody.app/telemetry/rejected:replay";
  const leaks = JSON.stringify(Array.from({ length: 100 }, leakOfNobody));
  return {
    native_no_body: post("ingest", batches, json, ""),
    native_mebibyte: post("ingest", batches, json, commas),
    native_16_mebibytes: post("ingest", batches, json, Buffer.alloc(16 * mebibyte)),
    native_bomb: post("ingest", batches, gzip, bomb),
    native_chunks: { port: "ingest", message: chunkedOf(batches, json, chunks) },
    validate_mebibyte: post("ingest", `${batches}:validate`, json, commas),
    otlp_mebibyte: post("ingest", "/v1/logs", json, commas),
    segment_no_key: post("ingest", "/v1/batch", json, commas.subarray(0, 500_000)),
    segment_key_of_nobody: post("ingest", "/v1/batch", json, withKey),
    segment_names_of_keys: post("ingest", "/v1/batch", json, Buffer.alloc(500_000, '"writeKey"')),
    segment_mebibyte: post("ingest", "/v1/batch", json, commas),
    segment_bomb: post("ingest", "/v1/batch", gzip, bomb),
    config: get("ingest", "/v1/telemetry/config"),
    audit: get("query", "/v1/audit"),
    replay_mebibyte: post("query", replay, json, commas),
    replay_chunks: { port: "query", message: chunkedOf(replay, json, chunks) },
    developers_wrong: post("catalog", "/v1/developers", json, '{"email":1}'),
    developers_16_kib: post("catalog", "/v1/developers", json, `[${"1,".repeat(8000)}1]`),
    developers_brackets: post("catalog", "/v1/developers", json, "[".repeat(16_000)),
    developers_broken: post("catalog", "/v1/developers", json, `[${"1,".repeat(8000)}]`),
    sessions_64_kib: post("catalog", "/v1/sessions", json, `[${"1,".repeat(32_000)}1]`),
    leaks_32_kib: post("catalog", "/v1/keys:report-leak", json, `[${"1,".repeat(16_000)}1]`),
    leaks_brackets: post("catalog", "/v1/keys:report-leak", json, "[".repeat(32_000)),
    leaks_broken: post("catalog", "/v1/keys:report-leak", json, `[${"1,".repeat(16_000)}]`),
    leaks_of_nobody: post("catalog", "/v1/keys:report-leak", json, leaks),
    no_such_route: get("catalog", "/v1/nothing"),
  };
}

function leakOfNobody() {
  return { token: newSecret("ingest").secret };
}

function post(port: Port, path: string, fields: string, body: Buffer | string): Kind {
  return { port, message: requestOf("POST", path, fields, Buffer.from(body)) };
}

function get(port: Port, path: string): Kind {
  return { port, message: requestOf("GET", path, "", null) };
}

function requestOf(method: string, path: string, fields: string, body: Buffer | null): Buffer {
  const length = body ? `Content-Length: ${body.length}\r\n` : "";
  const head = `${method} ${path} HTTP/1.1\r\nHost: bench\r\n${fields}${length}\r\n`;
  return body ? Buffer.concat([Buffer.from(head), body]) : Buffer.from(head);
}

function chunkedOf(path: string, fields: string, chunks: Buffer): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nHost: bench\r\n${fields}Transfer-Encoding: chunked\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), chunks, Buffer.from("0\r\n\r\n")]);
}

/**
 * The number of connections. A report of leaks is answered a second later, whatever it contains, so few
 * connections would need minutes.
 */
const connections = 200;

async function sendAll(endpoint: Endpoints[Port], message: Buffer, count: number): Promise<void> {
  const each = count / connections;
  await Promise.all(Array.from({ length: connections }, () => sendInTurn(endpoint, message, each)));
}

/** Sends on one connection for as long as the server keeps it open. */
async function sendInTurn(endpoint: Endpoints[Port], message: Buffer, count: number): Promise<void> {
  let socket: Socket | null = null;
  for (let n = 0; n < count; n++) {
    if (!socket || socket.destroyed) socket = await openSocket(endpoint);
    if (!(await isKept(socket, message))) socket.destroy();
  }
  socket?.destroy();
}

async function openSocket(endpoint: string): Promise<Socket> {
  const { hostname, port } = new URL(endpoint);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, "connect");
  // A server that refuses may reset the connection while the request is still being written: that counts as
  // an answer.
  socket.on("error", () => socket.destroy());
  return socket;
}

/** Sends a request and waits for the end of its answer. @returns true when the next request may follow. */
function isKept(socket: Socket, message: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    let received = "";
    let isSent = false;
    const end = (kept: boolean) => {
      clearTimeout(late);
      socket.removeAllListeners("data").removeAllListeners("close");
      resolve(kept);
    };
    const late = setTimeout(() => end(false), answerMsMax);
    const look = () => {
      const head = received.indexOf("\r\n\r\n");
      if (head < 0) return;
      if (/\r\nconnection: close\r\n/i.test(received)) return end(false);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(received)?.[1] ?? 0);
      if (isSent && received.length >= head + 4 + length) end(true);
    };
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      look();
    });
    socket.once("close", () => end(false));
    socket.write(message, () => {
      isSent = true;
      look();
    });
  });
}
