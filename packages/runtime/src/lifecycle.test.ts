import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
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
