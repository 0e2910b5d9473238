// Runs only the three servers, until SIGTERM or Ctrl-C: `node packages/devstack/src/main.ts --data DIR`.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { StackError } from "./server.ts";
import { readStackPorts, readStackSource } from "./source.ts";
import { startStack } from "./stack.ts";

const { values } = parseArgs({ options: { data: { type: "string", default: ".mosis" } } });
const env = process.env;

try {
  const stack = await startStack({
    source: readStackSource(env, await readStackPorts(env)),
    dataDir: resolve(values.data),
    cacheDir: env["MOSIS_CACHE_DIR"] ?? null,
    onProgress: (text) => console.log(text),
  });
  console.log(stack.urls);
  const signalled = new Promise<void>((done) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => done());
  });
  const lost = stack.servers.map(async (server) => {
    throw await server.lost;
  });
  try {
    await Promise.race([signalled, ...lost]);
  } finally {
    await stack.stop();
  }
} catch (error) {
  console.error(error instanceof StackError ? error.message : error);
  process.exitCode = 1;
}
