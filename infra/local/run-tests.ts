// Runs the tests for `npm test` once everything is installed: it starts the three servers once, then runs
// every test against them with node's own runner. `npm test -- FILE …` runs some files. Each file makes
// databases and topics of its own.
import { spawn } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  freePorts,
  kafkaAdministrator,
  readStackSource,
  type Stack,
  StackError,
  startStack,
} from "@mosis/devstack";
import { kafkaVariablesFor } from "./kafka-variables.ts";

const patterns = ["{packages,services}/*/{src,test}/**/*.test.ts", "{infra,bench,test}/**/*.test.ts"];
/** A test that hangs fails by itself, instead of the whole run. */
const testTimeoutMs = 300_000;

process.umask(0o077);
const dataDir = mkdtempSync(join(tmpdir(), "mosis-test-"));
const stack = await startStack({
  source: readStackSource(process.env, await somePorts()),
  dataDir,
  isTemporary: true,
  cacheDir: process.env["MOSIS_CACHE_DIR"] ?? null,
  onProgress: (text) => console.log(text),
}).catch((error: unknown) => {
  console.error(error instanceof StackError ? error.message : error);
  process.exit(1);
});
const lost = Promise.race(stack.servers.map(async (server) => Promise.reject(await server.lost)));
try {
  process.exitCode = await Promise.race([runTests(stack), lost]);
} finally {
  await stack.stop();
}
if (process.exitCode === 0) rmSync(dataDir, { recursive: true, force: true });
else console.log(`Logs of the servers: ${join(dataDir, "logs")}`);
process.exit();

async function somePorts() {
  const [postgres = 0, clickhouseHttp = 0, clickhouseTcp = 0, kafka = 0, kafkaController = 0] =
    await freePorts(5);
  return { postgres, clickhouseHttp, clickhouseTcp, kafka, kafkaController };
}

/** @returns the exit code of the runner. */
function runTests(stack: Stack): Promise<number> {
  const { urls } = stack;
  const asked = process.argv.slice(2);
  const files = asked.length > 0 ? asked : globSync(patterns).toSorted();
  const args = [
    "--test",
    "--test-force-exit",
    "--test-concurrency=3",
    `--test-timeout=${testTimeoutMs}`,
    ...files,
  ];
  const env = {
    ...process.env,
    DATABASE_URL: urls.postgres,
    CLICKHOUSE_URL: urls.clickhouse,
    // Each file is a process of its own and would compile the same modules again, a third of its start.
    NODE_COMPILE_CACHE: join(dataDir, "compiled"),
    ...kafkaVariablesFor(stack, process.env)(kafkaAdministrator),
  };
  const child = spawn(process.execPath, args, { env, stdio: "inherit" });
  const stop = () => void child.kill("SIGTERM");
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"]) process.on(signal, stop);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
