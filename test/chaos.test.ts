import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const program = join(import.meta.dirname, "../infra/local/chaos.ts");
const skip =
  process.env["MOSIS_STACK"] === "docker" && "it needs the embedded servers, which want Java on this machine";

// Guards the invariants "an acknowledged event shows exactly once" and "kill -9 loses nothing"
// (INVARIANTS.md). The same plan as the negative control of docs/reliability.md, which loses events with a
// writer that commits before it inserts.
// INVARIANT 2
test(
  "kills of ClickHouse and the writer at once lose nothing and show nothing twice",
  { skip },
  async (t) => {
    const args = ["--seed", "6", "--minutes", "0.2", "--kills", "2"];
    const { code, stdout, stderr } = await runChaos(t.signal, args);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^Nothing lost, nothing twice, the books balance\.$/m);
    assert.match(stdout, /kill -9 clickhouse[^k]*kill -9 writer/, "both at once were among them");
    assert.ok(countOf(stdout, "acknowledged") > 1000, stdout);
  },
);

function runChaos(
  signal: AbortSignal,
  args: string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const options = { signal, killSignal: "SIGTERM" } as const;
    execFile(process.execPath, [program, "--rate", "400", ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? Number.NaN), stdout, stderr });
    });
  });
}

/** Returns a number from the table of events. */
function countOf(stdout: string, name: string): number {
  const [, digits = ""] = new RegExp(`^  ${name} +([\\d,]+)$`, "m").exec(stdout) ?? [];
  return digits === "" ? Number.NaN : Number(digits.replaceAll(",", ""));
}
