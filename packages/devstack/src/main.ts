// The three servers and nothing else, until SIGTERM or Ctrl-C: `node packages/devstack/src/main.ts --data DIR`.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { StackError } from "./server.ts";
import { startEmbedded, writeEndpoints } from "./stack.ts";

const { values } = parseArgs({ options: { data: { type: "string", default: ".mosis" } } });
const dataDir = resolve(values.data);
const port = (name: string, fallback: number) => Number(process.env[name] ?? fallback);
const kafka = port("KAFKA_PORT", 19_092);

try {
  const stack = await startEmbedded({
    dataDir,
    ports: {
      postgres: port("POSTGRES_PORT", 15_432),
      clickhouseHttp: port("CLICKHOUSE_HTTP_PORT", 18_123),
      clickhouseTcp: port("CLICKHOUSE_TCP_PORT", 19_000),
      kafka,
      kafkaController: port("KAFKA_CONTROLLER_PORT", kafka + 1),
    },
    cacheDir: process.env["MOSIS_CACHE_DIR"] ?? null,
    onReady: (server) => console.log(`${server.name} is ready: ${server.url} (pid ${server.pid})`),
  });
  console.log(`Written: ${writeEndpoints(dataDir, stack.urls)}`);
  await new Promise((done) => {
    for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, done);
  });
  await stack.stop();
} catch (error) {
  console.error(error instanceof StackError ? error.message : error);
  process.exitCode = 1;
}
