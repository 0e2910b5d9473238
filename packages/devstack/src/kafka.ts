import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { kafkaJars } from "./kafka-jars.ts";
import { type BrokerCertificate, clientListener, securitySettings } from "./kafka-security.ts";
import { type Passwords, readPasswords } from "./passwords.ts";
import {
  logHas,
  logSize,
  type Server,
  serverEnvironment,
  serverStopTimeoutMs,
  StackError,
  startServer,
} from "./server.ts";

const run = promisify(execFile);
const logging = fileURLToPath(new URL("../../../infra/kafka/log4j2.properties", import.meta.url));

/**
 * Starts a Kafka broker (KRaft, broker and controller in one process) with its data below `dataDir/kafka`.
 * Its users have the passwords of the folder (`readPasswords`).
 */
export async function startKafka(options: {
  dataDir: string;
  port: number;
  controllerPort: number;
  cacheDir: string | null;
  /** The certificate for a listener with TLS. */
  certificate?: BrokerCertificate;
}): Promise<Server> {
  const { dataDir, port, controllerPort, cacheDir, certificate } = options;
  const jars = await kafkaJars({ cacheDir, dataDir });
  const home = join(dataDir, "kafka");
  const logFile = join(dataDir, "logs", "kafka.log");
  mkdirSync(home, { recursive: true });
  const settingsFile = join(home, "server.properties");
  const logs = join(home, "logs");
  const isNew = !existsSync(join(logs, "meta.properties"));
  // The broker leaves this file when it ends by itself.
  const wasKilled = !isNew && !existsSync(join(logs, ".kafka_cleanshutdown"));
  const passwords = readPasswords(dataDir);
  // An existing file may be readable for others; a new file is not.
  rmSync(settingsFile, { force: true });
  writeFileSync(settingsFile, settings({ port, controllerPort, logs, wasKilled, passwords, certificate }), {
    mode: 0o600,
  });
  const java = ["-cp", join(jars, "*"), `-Dlog4j2.configurationFile=${logging}`];
  if (isNew) {
    const format = [
      "kafka.tools.StorageTool",
      "format",
      "--standalone",
      "-t",
      clusterId(),
      "-c",
      settingsFile,
    ];
    await run("java", [...java, ...fastStart, ...format], { env: serverEnvironment() });
  }
  const logStart = logSize(logFile);
  return startServer({
    name: "Kafka",
    url: `127.0.0.1:${port}`,
    command: "java",
    args: ["-Xmx512m", "-Xms128m", "-XX:+UseSerialGC", ...fastStart, ...java, "kafka.Kafka", settingsFile],
    cwd: home,
    env: {},
    logFile,
    stopBy: "SIGTERM",
    stopTimeoutMs: serverStopTimeoutMs,
    isReady: () => Promise.resolve(logHas(logFile, "Kafka Server started", logStart)),
    readyTimeoutMs: 90_000,
  });
}

/**
 * Returns 16 random bytes as text. The first character is a letter: otherwise one in 64 would be a dash, and
 * be read as an option.
 */
function clusterId(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f);
  return bytes.toString("base64url");
}

// Uses only the quick compiler: the broker's hot loops are mostly in the kernel, and the optimising compiler
// took more CPU in the first minutes under load than the broker itself.
const fastStart = ["-XX:TieredStopAtLevel=1", "-Xshare:auto"];

/** @throws StackError one line when there is no Java, or one that is too old for the broker. */
export async function requireJava(): Promise<void> {
  const { stderr } = await run("java", ["-version"]).catch(() => {
    throw new StackError(
      "Java is missing: install a JDK or JRE of version 17 or newer, or use Docker with MOSIS_STACK=docker.",
    );
  });
  const major = Number(/version "(\d+)/.exec(stderr)?.[1]);
  if (major < 17) {
    throw new StackError(
      `Java ${major} is too old: install version 17 or newer, or use Docker with MOSIS_STACK=docker.`,
    );
  }
}

/**
 * Returns the broker's settings. The session of the only broker need not end while it lives: after a longer
 * pause, for example on a machine that slept, it is fenced and elects every leader anew. A broker that was
 * killed is accepted again only when its last session is over, so that session must be short.
 * `message.max.bytes` bounds a block; internal topics have few partitions, so that a broker starts fast.
 */
function settings({ port, controllerPort, logs, wasKilled, passwords, certificate }: Settings): string {
  const security = Object.entries(securitySettings(passwords, certificate));
  return `process.roles=broker,controller
node.id=1
listeners=${clientListener}://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=${clientListener}://127.0.0.1:${port}
${security.map(([name, value]) => `${name}=${value}`).join("\n")}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}
log.dirs=${logs}
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.num.partitions=4
offsets.retention.minutes=44640
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
message.max.bytes=1572864
replica.fetch.max.bytes=1572864
log.segment.bytes=134217728
log.cleaner.dedupe.buffer.size=33554432
num.network.threads=2
num.io.threads=4
controlled.shutdown.max.retries=1
broker.session.timeout.ms=${wasKilled ? 4000 : 60_000}
broker.heartbeat.interval.ms=1000
`;
}

interface Settings {
  port: number;
  controllerPort: number;
  logs: string;
  /** True when the previous broker did not end by itself. */
  wasKilled: boolean;
  passwords: Passwords;
  certificate: BrokerCertificate | undefined;
}
