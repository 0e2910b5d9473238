import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { rotateLog } from "./rotate-log.ts";

test("a log that has grown large makes place while its writer goes on, and is kept once", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "mosis-log-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "kafka.log");
  rotateLog(file, 10);
  const handle = openSync(file, "a", 0o600);
  t.after(() => closeSync(handle));
  writeSync(handle, "0123456789");
  rotateLog(file, 10);
  assert.equal(readFileSync(file, "utf8"), "0123456789", "it may be as large");
  writeSync(handle, "more\n");
  rotateLog(file, 10);
  writeSync(handle, "next\n");
  assert.equal(readFileSync(`${file}.1`, "utf8"), "0123456789more\n");
  assert.equal(readFileSync(file, "utf8"), "next\n");
});
