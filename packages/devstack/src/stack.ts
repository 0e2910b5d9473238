import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { freeInnerPorts, startClickHouse } from "./clickhouse.ts";
import { startContainers } from "./containers.ts";
import { keepRunning, type KeptServer } from "./keep-running.ts";
import { kafkaJars } from "./kafka-jars.ts";
import { requireJava, startKafka } from "./kafka.ts";
import { type Passwords, readPasswords } from "./passwords.ts";
import { requireFreePorts } from "./ports.ts";
import { startPostgres } from "./postgres.ts";
import type { StackPorts, StackSource, StackUrls } from "./source.ts";
import { letPass } from "./unprivileged.ts";

export interface Stack {
  urls: StackUrls;
  /** The URL of ClickHouse for the writer, which sends most: it bypasses the shield of an embedded server. */
  clickhouseForWriter: string;
  /** The passwords of all users of our own servers; null for servers of others. */
  passwords: Passwords | null;
  /** The servers that were started; empty when they are not ours. */
  servers: KeptServer[];
  /** Ends the servers that were started here; starting them again on the same data folder loses nothing. */
  stop(): Promise<void>;
}

/**
 * The time after which a test gives up a server. The remains of a killed server (a port, a shared segment)
 * may block the next start for a while. A platform never gives up, because the cause (a full disk) may be
 * fixed while it runs.
 */
const temporaryComebackMs = 60_000;

export interface StackOptions {
  source: StackSource;
  /** The folder where our own servers keep their data and logs. */
  dataDir: string;
  /** The parent of the cache of Kafka's jars; null for the user's own cache. */
  cacheDir: string | null;
  /** True when the data folder will be deleted: containers then keep nothing either. */
  isTemporary?: boolean;
  /** Is called with the steps that take long, and with the servers that are ready. */
  onProgress?: (text: string) => void;
}

/**
 * Starts the three servers, or connects to them, as the source says.
 * @throws StackError one line that says what a person has to change: a port in use, Java missing, no Docker.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { source, dataDir, cacheDir, isTemporary = false, onProgress = () => {} } = options;
  if (source.kind === "external") {
    const { urls } = source;
    return { urls, clickhouseForWriter: urls.clickhouse, passwords: null, servers: [], stop: async () => {} };
  }
  const { ports } = source;
  await requireFreePorts(variablesOf(ports));
  closeDataFolder(dataDir);
  const passwords = readPasswords(dataDir);
  if (source.kind === "docker") {
    const containers = await startContainers({ dataDir, ports, isTemporary });
    const stack = await together(containers, onProgress);
    return { ...stack, clickhouseForWriter: stack.urls.clickhouse, passwords };
  }
  // Programs that a person may have to install are checked first, so that nothing has to be stopped again.
  await requireJava();
  await kafkaJars({ cacheDir, dataDir, onProgress });
  const { postgres, clickhouseHttp, clickhouseTcp, kafka, kafkaController } = ports;
  const inner = await freeInnerPorts();
  const starts = [
    () => startPostgres({ dataDir, port: postgres }),
    () => startClickHouse({ dataDir, httpPort: clickhouseHttp, tcpPort: clickhouseTcp, inner }),
    () => startKafka({ dataDir, port: kafka, controllerPort: kafkaController, cacheDir }),
  ];
  const giveUp = isTemporary ? { comebackTimeoutMs: temporaryComebackMs } : {};
  const kept = starts.map((start) => keepRunning(start, { onProgress, ...giveUp }));
  const stack = await together(kept, onProgress);
  const clickhouseForWriter = new URL(stack.urls.clickhouse);
  clickhouseForWriter.port = String(inner.httpPort);
  return { ...stack, clickhouseForWriter: clickhouseForWriter.href, passwords };
}

/**
 * Makes the folder, and lets only its owner read what is in it: logs, mails and data. An earlier version left
 * them open, including a log of ClickHouse with ids of installs that were erased later.
 */
function closeDataFolder(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  letPass(dataDir);
  for (const name of ["kafka", "logs", "mails"]) {
    const folder = join(dataDir, name);
    if (existsSync(folder)) chmodSync(folder, 0o700);
  }
  const logs = join(dataDir, "logs");
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  for (const file of readdirSync(logs)) {
    if (file.startsWith("clickhouse.log")) rmSync(join(logs, file));
    else chmodSync(join(logs, file), 0o600);
  }
}

/** Waits for PostgreSQL, ClickHouse and Kafka. When one fails, those that started are stopped again. */
async function together(
  starts: readonly Promise<KeptServer>[],
  onProgress: (text: string) => void,
): Promise<Omit<Stack, "passwords" | "clickhouseForWriter">> {
  const startedAt = performance.now();
  const settled = await Promise.allSettled(
    starts.map(async (start) => {
      const server = await start;
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      onProgress(`${server.name} is ready after ${seconds} s`);
      return server;
    }),
  );
  const servers = settled.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  const failure = settled.find((start) => start.status === "rejected");
  if (failure) {
    await stop();
    throw failure.reason;
  }
  const [postgres, clickhouse, kafka] = servers.map(({ url }) => url) as [string, string, string];
  return { urls: { postgres, clickhouse, kafka }, servers, stop };
}

function variablesOf(ports: StackPorts): Record<string, number> {
  return {
    POSTGRES_PORT: ports.postgres,
    CLICKHOUSE_HTTP_PORT: ports.clickhouseHttp,
    CLICKHOUSE_TCP_PORT: ports.clickhouseTcp,
    KAFKA_PORT: ports.kafka,
    KAFKA_CONTROLLER_PORT: ports.kafkaController,
  };
}
