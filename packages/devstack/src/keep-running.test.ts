import assert from "node:assert/strict";
import { test } from "node:test";
import { keepRunning } from "./keep-running.ts";
import type { Server } from "./server.ts";

// A full disk keeps a server down for longer than anybody would wait, and may be fixed while the others run.
test("a server that does not come back is tried again, and told of, until it does", async () => {
  const lines: string[] = [];
  const ends: ((how: string) => void)[] = [];
  let failures = 0;
  const start = async (): Promise<Server> => {
    if (ends.length === 1 && failures < 3) {
      failures++;
      throw new Error("No space left on device\nand more");
    }
    const { promise: exited, resolve } = Promise.withResolvers<string>();
    ends.push(resolve);
    const stop = async () => resolve("0");
    return { name: "Store", url: "", pid: ends.length, exited, stop, kill: stop };
  };
  const back = Promise.withResolvers<void>();
  const onProgress = (text: string) => {
    lines.push(text.replace(/\d+ s/, "n s"));
    if (text.endsWith("is back")) back.resolve();
  };
  const kept = await keepRunning(start, { onProgress, tellIntervalMs: 1 });
  ends[0]?.("SIGKILL");
  await back.promise;
  assert.equal(failures, 3);
  const away = "Store has been down for n s and is tried again: No space left on device";
  assert.deepEqual(lines, ["Store ended (SIGKILL); it is started again", away, away, away, "Store is back"]);
  assert.equal(kept.pid(), 2);
  await kept.stop();
});
