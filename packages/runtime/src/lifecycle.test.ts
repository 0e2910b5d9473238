import assert from "node:assert/strict";
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
