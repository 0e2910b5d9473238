import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { createLifecycle } from "./lifecycle.ts";
import { createLogger } from "./logger.ts";

const log = createLogger({ service: "test", level: "silent" });

test("resources close newest first, and one that fails or hangs does not stop the others", async () => {
  const life = createLifecycle({ log, closeTimeoutMs: 50 });
  const closed: string[] = [];
  life.own("oldest", "oldest", (name) => void closed.push(name));
  life.own("hanging", "hanging", () => new Promise<void>(() => {}));
  life.own("failing", "failing", () => Promise.reject(new Error("no")));
  life.own("newest", "newest", (name) => void closed.push(name));
  await life.close();
  assert.deepEqual(closed, ["newest", "oldest"]);
});

// A relay has seven resources, and most of them wait for Kafka when it hangs.
// INVARIANTS 72, 74
test("all closes together have a bound, and each is begun all the same", async () => {
  const life = createLifecycle({ log, closeTimeoutMs: 60_000, closeAllTimeoutMs: 50 });
  const begun: number[] = [];
  for (let n = 0; n < 7; n++) {
    life.own(`hanging ${n}`, n, () => {
      begun.push(n);
      return new Promise<void>(() => {});
    });
  }
  await life.close();
  assert.deepEqual(begun, [6, 5, 4, 3, 2, 1, 0]);
});

test(
  "a forked process ends by itself after a signal, although its parent lives",
  { timeout: 20_000 },
  async () => {
    const module = JSON.stringify(import.meta.resolve("./lifecycle.ts"));
    const code = `
    const { createLifecycle } = await import(${module});
    const life = createLifecycle({ log: {}, closeTimeoutMs: 1000 });
    const signal = life.untilSignal();
    process.send("up");
    await signal;
    await life.close();`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    await once(child, "message");
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [0, null]);
  },
);

// A supervisor restarts a process that has ended, but never one that hangs.
test("a process ends after its last line, although something is left open", { timeout: 20_000 }, async () => {
  const module = JSON.stringify(import.meta.resolve("./index.ts"));
  const code = `
    const { createLifecycle, createLogger, endProcess } = await import(${module});
    const { createServer } = await import("node:net");
    const log = createLogger({ service: "test", level: "error" });
    const life = createLifecycle({ log, closeTimeoutMs: 1000 });
    createServer().listen(0, "127.0.0.1");
    process.exitCode = 1;
    await life.close();
    endProcess(log);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = text(child.stdout);
  assert.deepEqual(await once(child, "exit"), [1, null]);
  assert.match(await lines, /"open":\[.*TCPServerWrap/);
});
