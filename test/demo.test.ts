import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { startPlatform } from "./platform.ts";

const run = promisify(execFile);
const demo = join(import.meta.dirname, "../infra/local/demo.ts");

// Guards the invariant "the books balance" (INVARIANTS.md) with the program that people see.
// INVARIANT 8
test("the demo's books balance, twice in a row", async (t) => {
  const platform = await startPlatform(t);
  const file = join(platform.dataDir, "endpoints.json");
  await writeFile(file, JSON.stringify(platform.urls));
  for (const seed of ["1", "2"]) {
    const args = [demo, "--events", "5000", "--seed", seed, "--endpoints", file];
    const { stdout } = await run(process.execPath, args, { timeout: 120_000 });
    assert.match(stdout, /^The books balance\.$/m);
    assert.doesNotMatch(stdout, /FAULT|DIFFERENT/);
  }
});

test("the demo says in one line that nothing runs", async () => {
  const args = [demo, "--endpoints", join(import.meta.dirname, "no-such-file.json")];
  await assert.rejects(run(process.execPath, args), (error: { code: number; stderr: string }) => {
    assert.equal(error.code, 1);
    assert.match(error.stderr, /^Nothing runs: .* npm start\n$/);
    return true;
  });
});
