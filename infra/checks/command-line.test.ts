// Tests the usage that every script of package.json prints.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
/** The scripts that run our own programs. */
const commands = Object.entries(scripts).filter(([, command]) => /(^|\s)node /.test(command));

interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs a script as `npm run NAME -- …` does, without npm. */
function run(command: string, args: string[]): Promise<Ended> {
  const script = `exec ${command.replace(/^(\w+=\w+ )?/, (set) => `env ${set}`)} "$@"`;
  const env = { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"]}` };
  return new Promise((resolve) => {
    execFile("sh", ["-c", script, "sh", ...args], { cwd: root, env }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

async function ofEach(args: string[]): Promise<Map<string, Ended>> {
  const ended = new Map<string, Ended>();
  const waiting = [...commands];
  const work = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) ended.set(next[0], await run(next[1], args));
  };
  await Promise.all([work(), work()]);
  return ended;
}

test("every script answers --help with its usage, and does nothing", async () => {
  assert.ok(commands.length >= 17, commands.map(([name]) => name).join());
  for (const [name, { code, out, err }] of await ofEach(["--help"])) {
    assert.deepEqual([code, err], [0, ""], name);
    assert.match(out, /^Usage:\s/, name);
  }
});

test("every script refuses an option that it does not know with one line", async () => {
  for (const [name, { code, out, err }] of await ofEach(["--no-such-option"])) {
    assert.deepEqual([code, out], [1, ""], name);
    assert.match(err, /^[^\n]*--no-such-option[^\n]*\n$/, name);
  }
});
