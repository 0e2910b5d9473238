import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startClickHouse } from "./clickhouse.ts";
import { startKafka } from "./kafka.ts";
import { startPostgres } from "./postgres.ts";
import type { Server } from "./server.ts";

/** Where the three servers are: URLs with the credentials of a local administrator; Kafka as `host:port`. */
export interface StackUrls {
  postgres: string;
  clickhouse: string;
  kafka: string;
}

export interface StackPorts {
  postgres: number;
  clickhouseHttp: number;
  clickhouseTcp: number;
  kafka: number;
  kafkaController: number;
}

export interface Stack {
  urls: StackUrls;
  /** Empty when the servers are not ours. */
  servers: Server[];
  stop(): Promise<void>;
}

/** Starts the three embedded servers at once. When one fails, those that started are stopped again. */
export async function startEmbedded(options: {
  dataDir: string;
  ports: StackPorts;
  cacheDir: string | null;
  onReady?: (server: Server) => void;
}): Promise<Stack> {
  const { dataDir, ports, cacheDir, onReady = () => {} } = options;
  mkdirSync(dataDir, { recursive: true });
  const starts = await Promise.allSettled(
    [
      startPostgres({ dataDir, port: ports.postgres }),
      startClickHouse({ dataDir, httpPort: ports.clickhouseHttp, tcpPort: ports.clickhouseTcp }),
      startKafka({ dataDir, port: ports.kafka, controllerPort: ports.kafkaController, cacheDir }),
    ].map(async (start) => {
      const server = await start;
      onReady(server);
      return server;
    }),
  );
  const servers = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  const failure = starts.find((start) => start.status === "rejected");
  if (failure) {
    await stop();
    throw failure.reason;
  }
  const [postgres, clickhouse, kafka] = servers as [Server, Server, Server];
  return { urls: { postgres: postgres.url, clickhouse: clickhouse.url, kafka: kafka.url }, servers, stop };
}

/** Writes `endpoints.json` of a stack without services, readable by its owner only: it holds credentials. */
export function writeEndpoints(dataDir: string, endpoints: object): string {
  const file = join(dataDir, "endpoints.json");
  writeFileSync(file, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 });
  return file;
}
