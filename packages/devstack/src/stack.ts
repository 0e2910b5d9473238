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
  /** ClickHouse for the writer, who sends most: past the shield of an embedded server. */
  clickhouseForWriter: string;
  /** Of every user of servers that are ours; null for those of others. */
  passwords: Passwords | null;
  /** Empty when the servers are not ours. */
  servers: KeptServer[];
  /** Ends what was started here; starting it again on the same data folder loses nothing. */
  stop(): Promise<void>;
}

/**
 * What a killed server left behind (a port, a shared segment) may stand in the way of the next for a while. A
 * test gives it up then; a platform never, because what is wrong (a full disk) may be mended while it runs.
 */
const temporaryComebackMs = 60_000;

export interface StackOptions {
  source: StackSource;
  /** Where servers of ours keep their data and logs. */
  dataDir: string;
  /** Parent of the cache of Kafka's jars; null: the user's own. */
  cacheDir: string | null;
  /** The data folder is thrown away: containers then keep nothing either. */
  isTemporary?: boolean;
  /** Told what takes long, and what is ready. */
  onProgress?: (text: string) => void;
}

/**
 * The three servers, from wherever the source says.
 * @throws StackError one line for what a person has to change: a port in use, Java missing, no Docker.
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
  // What a person may have to install comes first, so that nothing has to be stopped again for it.
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
 * Makes the folder, and lets nobody but its owner read what is in it: logs, mails and data. An earlier
 * version left them open, and a log of ClickHouse that names installs which were erased since.
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
